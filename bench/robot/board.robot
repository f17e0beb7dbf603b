*** Settings ***
Documentation    The board itself: what it prints, its clock, its memory, and that a boot can be repeated.

Library          bench.robot.BoardLibrary

Test Teardown    Conclude Test

Test Tags        layer:board


*** Test Cases ***
The Console Shows Where The Servers Listen
    [Documentation]    The UART is the board's only word about itself: address and ports.
    [Tags]    uart    needs:servers
    Console Should Show    ws_server: listening on 192.0.2.1 ports 8080, 8081, 8082

The Console Is Silent While Clients Are Served
    [Documentation]    Nothing but events of the sample is printed; an echo is none.
    [Tags]    uart    needs:websocket
    Open WebSocket
    Connection Should Still Echo
    Close WebSocket
    Console Of This Test Should Be

A Client Who Breaks A Rule Leaves No Traceback
    [Documentation]    Errors of clients are handled, not printed.
    [Tags]    uart    negative    needs:websocket
    Open WebSocket
    Send Unmasked    text    not masked
    Connection Should Be Closed With    1002    rfc=RFC 6455, section 5.1
    Console Of This Test Should Be

The Board Serves After An Hour Of Silence
    [Documentation]    Counters of milliseconds and timers go on: the board serves afterwards as before.
    [Tags]    clock    needs:websocket
    Open WebSocket
    Connection Should Still Echo    before
    Close WebSocket
    Run Board For    1 hour
    Open WebSocket
    Connection Should Still Echo    after

Memory Is Not Used Up By Clients
    [Documentation]    Long messages, one client after the other.
    [Tags]    memory    needs:websocket
    ${data}=    Bytes Of Length    ${4096}
    FOR    ${_}    IN RANGE    30
        Open WebSocket
        Send Masked Binary    ${data}
        Binary Should Arrive    ${data}
        Close WebSocket
    END

Memory Is Not Used Up By Clients Who Leave In Between
    [Documentation]    A message that never ends is forgotten with its client.
    [Tags]    memory    negative    needs:websocket
    ${data}=    Bytes Of Length    ${4000}
    FOR    ${_}    IN RANGE    30
        Open WebSocket
        Send Fragment    binary    ${data}
        Run Board For    20 ms
        Reset Connection
    END
    Open WebSocket
    Connection Should Still Echo
