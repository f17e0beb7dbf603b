*** Settings ***
Documentation    The API of Zephyr.js' ``ws`` module, on the board: the options, events and methods it documents.
...
...              Port 8081 runs the sample that comes with Zephyr.js (WebSocketServer.js), in Python. It prints what the
...              original prints, so that the console shows each event with its arguments. Ports 8080 and 8082 show
...              what the sample does not use. ``docs/zephyr_js.md`` has the names side by side.

Library          bench.robot.BoardLibrary

Test Teardown    Conclude Test

Test Tags        layer:websocket    zephyr-js    needs:servers    fast

Name             Zephyr.js API


*** Variables ***
${ECHO}           ${8080}
${SAMPLE}         ${8081}
${CHOICE}         ${8082}
${NOBODY}         ${8083}
${BACKLOG}        ${8}
${MAX_PAYLOAD}    ${4096}


*** Test Cases ***
Option Port
    [Documentation]    Each server listens on its own port, and nobody on the next one.
    [Tags]    option
    Open WebSocket    ${ECHO}
    Connection Should Still Echo
    Open WebSocket    ${SAMPLE}    my_ws_protocol
    Console Should Show    CONNECTION
    Open WebSocket    ${CHOICE}    echo
    Connection Should Still Echo
    Run Keyword And Expect Error    *refused by 192.0.2.1:8083*    Open WebSocket    ${NOBODY}

Option Host
    [Documentation]    Not in the documentation's table, but in its samples: here ``::``, both families of addresses.
    [Tags]    option
    Open WebSocket    ${ECHO}
    Connection Should Still Echo    over IPv4
    Open WebSocket    ${ECHO}    ipv6=True
    Connection Should Still Echo    over IPv6

Option Backlog
    [Documentation]    So many connections at the same time; one more is told so, and served once a place is free.
    [Tags]    option
    FOR    ${number}    IN RANGE    ${BACKLOG}
        Open WebSocket    ${ECHO}
        Connection Should Still Echo    client ${number}
    END
    Upgrade Should Be Refused With    503    ${ECHO}
    Close WebSocket
    Run Board For    100 ms
    Open WebSocket    ${ECHO}
    Connection Should Still Echo    at last

Option Client Tracking
    [Documentation]    ``server.clients`` has everyone who is connected, and nobody who has left.
    [Tags]    option
    Open WebSocket    ${CHOICE}    clients
    Server Should Know Of Clients    1
    Open WebSocket    ${CHOICE}    clients
    Open WebSocket    ${CHOICE}    clients
    Server Should Know Of Clients    3
    Close WebSocket
    Run Board For    100 ms
    Server Should Know Of Clients    2

Option Client Tracking Off
    [Documentation]    ``client_tracking=False``: the server serves its clients, but keeps no account of them.
    [Tags]    option
    Boot Application    ${CURDIR}/apps/client_tracking_off.py
    Open WebSocket    ${CHOICE}    clients
    Server Should Know Of Clients    0
    Open WebSocket    ${CHOICE}    echo
    Connection Should Still Echo
    Open WebSocket    ${CHOICE}    clients
    Server Should Know Of Clients    0

Option Max Payload
    [Documentation]    A message may have so many bytes, and not one more.
    [Tags]    option    rfc6455-7.4.1
    Open WebSocket    ${ECHO}
    ${longest}=    Bytes Of Length    ${MAX_PAYLOAD}
    Send Masked Binary    ${longest}
    Binary Should Arrive    ${longest}
    Send Header Only    binary    ${MAX_PAYLOAD + 1}
    Connection Should Be Closed With    1009

Option Accept Handler
    [Documentation]    It is called with the sub-protocols the client offers, accepts one of them or refuses with 401.
    [Tags]    option    sub-protocol    rfc6455-4.2.2
    ${protocol}=    Open WebSocket    ${CHOICE}    unknown    masked-echo    echo
    Should Be Equal    ${protocol}    masked-echo
    ${protocol}=    Open WebSocket    ${SAMPLE}    first    my_ws_protocol    last
    Should Be Equal    ${protocol}    my_ws_protocol
    Upgrade Should Be Refused With    401    ${SAMPLE}    first    last
    Upgrade Should Be Refused With    401    ${SAMPLE}

Without An Accept Handler Everyone Is Accepted
    [Documentation]    The option is optional: then no sub-protocol is agreed on, whatever is offered.
    [Tags]    option    sub-protocol
    ${protocol}=    Open WebSocket    ${ECHO}    my_ws_protocol
    Should Be Empty    ${protocol}

Event Connection
    [Documentation]    ``connection(conn)`` comes for a client that was accepted, and only for such a one.
    [Tags]    event
    Upgrade Should Be Refused With    401    ${SAMPLE}    wrong
    Console Of This Test Should Be
    Open WebSocket    ${SAMPLE}    my_ws_protocol
    Console Of This Test Should Be    CONNECTION

Event Message
    [Documentation]    ``message(data)`` has the data of a whole message, be it text or binary, in one frame or several.
    [Tags]    event    rfc6455-5.4
    Open WebSocket    ${SAMPLE}    my_ws_protocol
    Send Masked Text    first packet
    Send Masked Binary    ${{ b'bytes' }}
    Send Fragment    text    in two${SPACE}
    Send Fragment    continuation    frames    final=True
    Run Board For    50 ms
    Console Of This Test Should Be    CONNECTION    MESSAGE: first packet    MESSAGE: bytes    MESSAGE: in two frames

Event Ping
    [Documentation]    ``ping(data)`` has the payload of a ping of the client.
    [Tags]    event    ping    rfc6455-5.5
    Open WebSocket    ${SAMPLE}    my_ws_protocol
    Send Ping    are you there
    Console Should Show    PING: are you there

Event Pong
    [Documentation]    ``pong(data)`` has the payload of a pong, whether it answers a ping or nobody asked for it.
    [Tags]    event    ping    rfc6455-5.5
    Open WebSocket    ${SAMPLE}    my_ws_protocol
    Send Pong    here I am
    Console Should Show    PONG: here I am

Event Close
    [Documentation]    ``close(code, reason)`` has what the client's Close frame says.
    [Tags]    event    rfc6455-5.5.1
    Open WebSocket    ${SAMPLE}    my_ws_protocol
    Send Close    1001    going away
    Connection Should Be Closed With    1001
    Console Should Show    close event: going away code: 1001

Event Close Without A Close Frame
    [Documentation]    Section 7.1.5: a connection that ends without a Close frame has the code 1006 and no reason.
    [Tags]    event    rfc6455-7.1.5
    Open WebSocket    ${SAMPLE}    my_ws_protocol
    Reset Connection
    Console Should Show    close event: ${SPACE}code: 1006

Event Error
    [Documentation]    ``error(err)`` says which rule the client broke; ``close`` comes after it.
    [Tags]    event    negative    rfc6455-5.1
    Open WebSocket    ${SAMPLE}    my_ws_protocol
    Send Unmasked    text    not masked
    Connection Should Be Closed With    1002    rfc=RFC 6455, section 5.1
    Console Should Show    ProtocolError :${SPACE}
    Console Should Show    (RFC 6455 section 5.1, close code 1002)
    Console Should Show    close event:

Method Send
    [Documentation]    ``send(data, mask)``: without ``mask`` as section 5.1 wants it, with it as the sample does.
    [Tags]    method    masking
    Open WebSocket    ${CHOICE}    echo
    Send Masked Text    Hello
    Text Should Arrive    Hello
    Open WebSocket    ${CHOICE}    masked-echo
    Send Masked Text    Hello
    Masked Frame Should Arrive    text    Hello
    Open WebSocket    ${SAMPLE}    my_ws_protocol
    Send Masked Text    Hello
    Masked Frame Should Arrive    text    Message #0

Method Ping
    [Documentation]    ``ping(data, mask)``, both ways: the sample pings with the first of every ten messages.
    [Tags]    method    ping
    Open WebSocket    ${SAMPLE}    my_ws_protocol
    Send Masked Text    Hello
    Masked Frame Should Arrive    text    Message #0
    Ping Should Arrive    PING
    Send Pong    PING
    Console Should Show    PONG: PING
    Open WebSocket    ${CHOICE}    masked-echo
    Send Masked Text    ping:masked
    Masked Frame Should Arrive    ping    masked

Method Pong
    [Documentation]    ``pong(data, mask)``, both ways: the sample answers pings itself, with ``auto_pong`` off.
    [Tags]    method    ping
    Open WebSocket    ${SAMPLE}    my_ws_protocol
    Send Ping    are you there
    Pong Should Arrive    are you there
    Nothing Should Arrive
    Open WebSocket    ${CHOICE}    masked-echo
    Send Masked Text    pong:masked
    Masked Frame Should Arrive    pong    masked

A Session Of The Sample From Beginning To End
    [Documentation]    The client of Zephyr.js' sample sends back what it gets; the console is that of the original.
    [Tags]    event    method
    VAR    @{console}=    CONNECTION    MESSAGE: first packet
    Open WebSocket    ${SAMPLE}    first    my_ws_protocol    last
    Send Masked Text    first packet
    FOR    ${number}    IN RANGE    11
        @{printed}=    Answer Should Come And Is Sent Back    ${number}
        VAR    @{console}=    @{console}    @{printed}
    END
    Send Close    1000    enough
    Connection Should Be Closed With    1000
    Run Board For    200 ms
    Console Of This Test Should Be    @{console}    close event: enough code: 1000


*** Keywords ***
Server Should Know Of Clients
    [Documentation]    Ask the server on the connection opened last how many there are.
    [Arguments]    ${count}
    Send Masked Text    how many?
    Text Should Arrive    ${count}

Answer Should Come And Is Sent Back
    [Documentation]    The sample's answer of this number, with a ping if it is the first of ten; return what it prints.
    [Arguments]    ${number}
    VAR    @{printed}=    MESSAGE: Message #${number}
    Masked Frame Should Arrive    text    Message #${number}
    IF    ${number} % 10 == 0
        Ping Should Arrive    PING
        Send Pong    PING
        VAR    @{printed}=    PONG: PING    @{printed}
    END
    Send Masked Text    Message #${number}
    RETURN    ${printed}
