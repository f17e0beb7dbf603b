*** Settings ***
Documentation    The board itself: what it prints, its clock, its memory, and that a boot can be repeated.

Library          bench.robot.BoardLibrary

Test Teardown    Conclude Test

Test Tags        layer:board    fast


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

A Reset Starts The Board Anew
    [Documentation]    Nothing stays of the clients before it; the console tells of the new start.
    [Tags]    reset    needs:servers
    Open WebSocket
    Connection Should Still Echo    before
    ${seconds}=    Reset Board
    Console Of This Test Should Be    ws_server: listening on 192.0.2.1 ports 8080, 8081, 8082
    Should Be True    0 < ${seconds} < 1    The board took ${seconds} s to boot
    Open WebSocket
    Connection Should Still Echo    after

Every Boot Takes The Same Time
    [Documentation]    From power-on to the first word of the console, to the instruction.
    [Tags]    reset    needs:servers
    ${first}=    Reset Board
    ${second}=    Reset Board
    Should Be Equal    ${first}    ${second}

A Client From Before A Reset Is Told So
    [Documentation]    The board knows nothing of the connection: it answers with a reset (RFC 9293, section 3.5.2).
    [Tags]    reset    negative    needs:websocket    rfc9293-3.5.2
    Open WebSocket
    Connection Should Still Echo
    Reset Board
    Send Ping    still there?
    Connection Should End

Clients Leave Nothing Behind
    [Documentation]    Buffers, connections and objects are given back, whether clients say good-bye or not.
    [Tags]    memory    needs:websocket    needs:lwip    needs:python
    FOR    ${_}    IN RANGE    3
        Serve A Client
    END
    Note What Board Holds
    FOR    ${_}    IN RANGE    5
        Serve A Client
        Open WebSocket
        Send Fragment    text    an unfinished message
        Run Board For    20 ms
        Reset Connection
    END
    Board Should Hold What It Held

There Is Room For Long Messages
    [Documentation]    The heap that is free at rest: enough for a message of the longest kind from two clients at once.
    [Tags]    memory    needs:servers    needs:python
    Free Memory Should Be At Least    20000

Memory Is Not Used Up By Clients
    [Documentation]    Long messages, one client after the other.
    [Tags]    memory    needs:websocket    -fast    slow
    ${data}=    Bytes Of Length    ${4096}
    FOR    ${_}    IN RANGE    30
        Open WebSocket
        Send Masked Binary    ${data}
        Binary Should Arrive    ${data}
        Close WebSocket
    END

Memory Is Not Used Up By Clients Who Leave In Between
    [Documentation]    A message that never ends is forgotten with its client.
    [Tags]    memory    negative    needs:websocket    -fast    slow
    ${data}=    Bytes Of Length    ${4000}
    FOR    ${_}    IN RANGE    30
        Open WebSocket
        Send Fragment    binary    ${data}
        Run Board For    20 ms
        Reset Connection
    END
    Open WebSocket
    Connection Should Still Echo


*** Keywords ***
Serve A Client
    [Documentation]    A client that comes, is answered, and goes.
    Open WebSocket
    Connection Should Still Echo
    Close WebSocket
