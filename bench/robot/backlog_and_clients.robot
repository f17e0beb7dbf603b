*** Settings ***
Documentation    Several clients: the backlog, the account of who is connected, and no mixing of connections.
...
...              ``backlog`` clients may be connected to a server at the same time, here ${BACKLOG}. One more is
...              told so with the HTTP status 503. ``server.clients`` is what port 8082 tells about.

Library          bench.robot.BoardLibrary

Test Teardown    Conclude Test

Test Tags        layer:websocket    clients    needs:servers    fast


*** Variables ***
${BACKLOG}    ${8}


*** Test Cases ***
As Many Clients As The Backlog Are Served
    [Documentation]    Each gets what it has sent, over IPv4 and IPv6 by turns.
    FOR    ${number}    IN RANGE    ${BACKLOG}
        Open WebSocket    ipv6=${{ $number % 2 == 1 }}
        Connection Should Still Echo    client ${number}
    END

One Client Too Many Is Told So
    [Documentation]    Status 503 (RFC 9110, section 15.6.4); the others are not disturbed.
    [Tags]    negative    rfc9110-15.6.4
    Open As Many Clients As The Backlog
    Upgrade Should Be Refused With    503
    Connection Should Still Echo

A Place Is Free When A Client Leaves
    [Documentation]    With a closing handshake, with a reset, or with the end of TCP alone.
    [Template]    Place Should Be Free After
    Close WebSocket
    Reset Connection
    Leave With FIN

Clients Come And Go
    [Documentation]    Many more, one after the other, than there are places.
    [Tags]    -fast    slow
    FOR    ${number}    IN RANGE    25
        Open WebSocket
        Connection Should Still Echo    client ${number}
        Close WebSocket
    END

The Server Knows Who Is Connected
    [Documentation]    ``client_tracking``: each one that comes is counted, whoever has left is not.
    [Tags]    zephyr-js
    FOR    ${count}    IN RANGE    1    5
        Open WebSocket    8082    clients
        Server Should Know Of Clients    ${count}
    END
    Close WebSocket
    Run Board For    100 ms
    Server Should Know Of Clients    3
    Reset Connection
    Run Board For    100 ms
    Server Should Know Of Clients    2

A Refused Client Is Not Counted
    [Documentation]    Status 401: the handshake has failed, so there is no client.
    [Tags]    negative
    Open WebSocket    8082    clients
    Upgrade Should Be Refused With    401    8082    unknown
    Server Should Know Of Clients    1

A Client That Stops Within A Message Does Not Hold Up Others
    [Documentation]    Half a message of one client, a whole one of another, then the rest.
    [Tags]    fragmentation
    Open WebSocket
    Send Fragment    text    slow${SPACE}
    Open WebSocket
    Connection Should Still Echo    quick
    Close WebSocket
    Send Fragment    continuation    client    final=True
    Text Should Arrive    slow client


*** Keywords ***
Open As Many Clients As The Backlog
    [Documentation]    All places are taken.
    FOR    ${_}    IN RANGE    ${BACKLOG}
        Open WebSocket
    END

Leave With FIN
    [Documentation]    Close our half without a close frame.
    Half Close Connection
    Connection Should End

Place Should Be Free After
    [Documentation]    Fill all places, let the last client leave by this keyword: another one is served.
    [Arguments]    ${leave}
    Open As Many Clients As The Backlog
    Run Keyword    ${leave}
    Run Board For    100 ms
    Open WebSocket
    Connection Should Still Echo    at last
    FOR    ${_}    IN RANGE    ${BACKLOG}
        Reset Connection
    END
    Run Board For    100 ms

Server Should Know Of Clients
    [Documentation]    Ask the server on the connection opened last how many there are.
    [Arguments]    ${count}
    Send Masked Text    how many?
    Text Should Arrive    ${count}
