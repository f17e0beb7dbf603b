*** Comments ***
For Renode's own test runner, with nothing of the bench:

    renode-test emulation/renode/arduino_101.robot

It boots build/firmware/ws_bench.elf, which `bench firmware` builds; another ELF: --variable BIN:/path/to/it
Its words are those of Robot Framework 3.1, which old versions of Renode come with.


*** Settings ***
Documentation    The firmware in Renode: it boots, says so on the console, answers ARP and a ping.
...              Frames go straight to the Ethernet controller: it takes neither root nor a network of the host.

Resource         ${RENODEKEYWORDS}
Library          OperatingSystem

Suite Setup      Setup
Suite Teardown   Teardown
Test Setup       Boot The Board
Test Teardown    Test Teardown


*** Variables ***
${SCRIPT}         ${CURDIR}/arduino_101.resc
${BIN}            ${CURDIR}/../../build/firmware/ws_bench.elf
${BOARD}          00005E005301
${HOST}           00005E005302
# ARP (RFC 826) for IPv4 on Ethernet, from the type on: request and reply, 192.0.2.2 and 192.0.2.1.
${WHO HAS}        08060001080006040001${HOST}C0000202000000000000C0000201
${IS AT}          08060001080006040002${BOARD}C0000201${HOST}C0000202
# An ICMP echo request in an IPv4 packet: identifier 0x1234, number 1, 32 bytes of data.
${DATA}           000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F
${ECHO REQUEST}   08004500003C000100004001F6BCC0000202C00002010800F4C912340001${DATA}
# Underscores match anything: here the checksum.
${ECHO REPLY}     0000____12340001${DATA}


*** Test Cases ***
The Firmware Says That It Listens
    Wait For Line On Uart    ws_server: listening on 192.0.2.1 ports 8080, 8081, 8082    timeout=5

An ARP Request Is Answered
    Wait For Line On Uart    listening    timeout=5
    Send To The Board    FFFFFFFFFFFF    ${WHO HAS}
    Board Should Send    ${IS AT}    at=12

A Ping Is Answered With Its Data
    Wait For Line On Uart    listening    timeout=5
    # The board learns from the question who is asking.
    Send To The Board    FFFFFFFFFFFF    ${WHO HAS}
    Board Should Send    ${IS AT}    at=12
    Send To The Board    ${BOARD}    ${ECHO REQUEST}
    Board Should Send    ${ECHO REPLY}    at=34


*** Keywords ***
Boot The Board
    [Documentation]    Load the first description of the board that this Renode takes; see docs/renode.md.
    File Should Exist    ${BIN}    there is no firmware: build it with `bench firmware`, or name one with --variable BIN:
    @{descriptions}=    Create List    arduino_101.repl    arduino_101-1.16.1.repl    arduino_101-1.12.repl
    FOR    ${description}    IN    @{descriptions}
        ${loaded}=    Run Keyword And Return Status    Load    ${description}
        Exit For Loop If    ${loaded}
    END
    Should Be True    ${loaded}    Renode takes none of the descriptions of the board
    Create Terminal Tester    sysbus.uartB
    Create Network Interface Tester    sysbus.spi1.ethernet
    Execute Command    emulation SetGlobalAdvanceImmediately true
    Start Emulation

Load
    [Arguments]    ${description}
    Execute Command    Clear
    Execute Command    $platform=@${CURDIR}/../platform/${description}
    Execute Command    $bin=@${BIN}
    Execute Script    ${SCRIPT}

Send To The Board
    [Documentation]    Send a frame from its type on, padded to the shortest there is, and with its FCS.
    [Arguments]    ${to}    ${packet}
    ${frame}=    Evaluate    '${to}${HOST}${packet}'.ljust(120, '0')
    ${fcs}=    Evaluate    zlib.crc32(bytes.fromhex('${frame}')).to_bytes(4, 'little').hex()    modules=zlib
    Send Frame    ${frame}${fcs}

Board Should Send
    [Documentation]    One of the next frames has these bytes, given in hexadecimal, at this place.
    [Arguments]    ${bytes}    ${at}
    # One frame a try: of several that wait, Renode looks at the second only when yet another arrives.
    Wait Until Keyword Succeeds    40x    0s
    ...    Wait For Outgoing Packet With Bytes At Index    ${bytes}    ${at}    1    0.1
