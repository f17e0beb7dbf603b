import asyncio


async def echo(reader, writer):
    while True:
        data = await reader.read(512)
        if not data:
            break
        writer.write(data)
        await writer.drain()
    writer.close()
    await writer.wait_closed()


async def main():
    for port in (8080, 8081, 8082):
        await asyncio.start_server(echo, "::", port)
    print("ws_server: listening on 192.0.2.1 ports 8080, 8081, 8082")
    while True:
        await asyncio.sleep(3600)


asyncio.run(main())
