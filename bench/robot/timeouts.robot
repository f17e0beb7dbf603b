*** Settings ***
Documentation    The server's time limits: opening and closing handshake, and clients that have fallen silent.
...
...              All times are virtual: a minute of silence costs a few milliseconds. The server looks at its
...              deadlines four times a second. On port 8082 it pings whoever is silent for 30 s, and gives up who
...              does not answer within 5 s (``ping_interval``, ``ping_timeout``).

Library          bench.robot.BoardLibrary

Test Teardown    Conclude Test

Test Tags        layer:websocket    timeout    needs:servers    fast


*** Test Cases ***
A Connection Without A Request Is Closed
    [Documentation]    ``open_timeout``: 10 s for the opening handshake.
    Connect To Board
    Nothing Should Arrive    within=9 s
    Connection Should End    timeout=2 s

A Request That Never Ends Is Cut Off
    [Documentation]    The limit is for the whole request: a byte a second does not extend it.
    [Tags]    negative    rfc6455-10.4
    Connect To Board
    FOR    ${letter}    IN    G    E    T    ${SPACE}    /
        Send Text As It Is    ${letter}
        Run Board For    1 s
    END
    Connection Should End    timeout=6 s

A Silent Client Stays Where No Limit Is Set
    [Documentation]    Port 8080 has no ``ping_interval`` and no ``idle_timeout``.
    Open WebSocket
    Nothing Should Arrive    within=120 s
    Connection Should Still Echo

A Silent Client Is Pinged
    [Documentation]    Not before the interval is over.
    [Tags]    ping    rfc6455-5.5.2
    Open WebSocket    8082    echo
    Nothing Should Arrive    within=29 s
    Run Board For    2 s
    Ping Should Arrive

A Client That Answers Stays
    [Documentation]    The answer counts as a word; the next ping comes after twice the interval at the latest.
    [Tags]    ping
    Open WebSocket    8082    echo
    FOR    ${_}    IN RANGE    3
        Ping Should Arrive    timeout=61 s
        Send Pong
    END
    Connection Should Still Echo

A Client That Does Not Answer Is Given Up
    [Documentation]    ``ping_timeout``: 5 s for the pong.
    [Tags]    ping
    Open WebSocket    8082    echo
    Run Board For    31 s
    Ping Should Arrive
    Nothing Should Arrive    within=3 s
    Connection Should End    timeout=3 s

A Client That Talks Is Not Pinged
    [Documentation]    Each message starts the interval anew.
    [Tags]    ping
    Open WebSocket    8082    echo
    FOR    ${_}    IN RANGE    4
        Nothing Should Arrive    within=25 s
        Connection Should Still Echo
    END

An Unfinished Message Has No Limit Of Its Own
    [Documentation]    On port 8080 the rest of a frame may take its time.
    [Tags]    fragmentation
    Open WebSocket
    Send Fragment    text    one minute${SPACE}
    Nothing Should Arrive    within=60 s
    Send Fragment    continuation    later    final=True
    Text Should Arrive    one minute later
