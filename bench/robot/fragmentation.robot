*** Settings ***
Documentation    Fragmentation of messages (RFC 6455, section 5.4).
...
...              A message is one frame, or a first one and continuations up to the one with FIN. The board echoes
...              it whole. Fragments of two messages are never mixed; the limit counts all fragments together.

Library          bench.robot.BoardLibrary

Test Teardown    Conclude Test

Test Tags        layer:websocket    fragmentation    rfc6455-5.4    needs:websocket    fast


*** Variables ***
${MAX_PAYLOAD}    ${4096}


*** Test Cases ***
Fragments Make One Message
    [Documentation]    Any number, of any size, empty ones included.
    [Template]    Fragments Should Be Echoed Whole
    one,${SPACE}    two
    one,${SPACE}    two,${SPACE}    three
    ${EMPTY}    all in the second
    all in the first    ${EMPTY}
    ${EMPTY}    ${EMPTY}    ${EMPTY}
    b    y    t    e    ${SPACE}    b    y    ${SPACE}    b    y    t    e

Binary Fragments Make One Binary Message
    [Documentation]    The first frame says what the message is.
    Open WebSocket
    Send Fragment    binary    left
    Send Fragment    continuation    right    final=True
    Binary Should Arrive    ${{ b'leftright' }}

A Hundred Fragments Make One Message
    [Documentation]    More than fit one TCP segment.
    Open WebSocket
    VAR    @{fragments}=    @{{ [f'{n:02} is a fragment; ' for n in range(100)] }}
    Send Fragmented Text    @{fragments}
    Text Should Arrive    ${{ ''.join($fragments) }}

Fragments Up To The Limit Are Accepted
    [Documentation]    So many bytes in all.
    [Tags]    payload
    Open WebSocket
    ${half}=    Text Of Length    ${MAX_PAYLOAD // 2}
    Send Fragmented Text    ${half}    ${half}
    Text Should Arrive    ${half}${half}

Fragments Beyond The Limit Are Refused
    [Documentation]    One byte more, in a frame that would be short enough by itself.
    [Tags]    negative    payload    rfc6455-7.4.1
    Open WebSocket
    ${all}=    Text Of Length    ${MAX_PAYLOAD}
    Send Fragment    text    ${all}
    Send Fragment    continuation    x    final=True
    Connection Should Be Closed With    1009

Nothing Is Echoed Before The Last Fragment
    [Documentation]    A message is delivered whole, however long its end takes.
    Open WebSocket
    Send Fragment    text    wait${SPACE}
    Nothing Should Arrive    within=5 s
    Send Fragment    continuation    for it    final=True
    Text Should Arrive    wait for it

A Control Frame Between Fragments Is Handled There
    [Documentation]    The pong comes before the message that began earlier.
    [Tags]    ping
    Open WebSocket
    Send Fragment    text    before${SPACE}
    Send Ping    between
    Send Fragment    continuation    after    final=True
    Pong Should Arrive    between
    Text Should Arrive    before after

A Continuation Of Nothing Is Refused
    [Documentation]    No message has begun, or the last one has ended.
    [Tags]    negative
    Open WebSocket
    Send Fragment    continuation    of nothing    final=True
    Connection Should Be Closed With    1002    rfc=RFC 6455, section 5.4
    Open WebSocket
    Send Masked Text    complete
    Text Should Arrive    complete
    Send Fragment    continuation    of nothing
    Connection Should Be Closed With    1002    rfc=RFC 6455, section 5.4

A New Message Within Another Is Refused
    [Documentation]    Fragments of one message must not be interleaved with another.
    [Tags]    negative
    [Template]    New Message Should Be Refused
    text    text
    text    binary
    binary    text
    binary    binary

A Control Frame Is Not Fragmented
    [Documentation]    Without FIN it is refused, with or without payload.
    [Tags]    negative    rfc6455-5.5
    [Template]    Fragmented Control Frame Should Be Refused
    close    ${EMPTY}
    ping    ${EMPTY}
    ping    payload
    pong    payload

Two Clients Send Fragments By Turns
    [Documentation]    Each connection puts its own message together.
    [Tags]    clients
    Open WebSocket
    Send Fragment    text    first${SPACE}
    Open WebSocket
    Send Fragment    text    second${SPACE}
    Send Fragment    continuation    client    final=True
    Text Should Arrive    second client
    Close WebSocket
    Send Fragment    continuation    client    final=True
    Text Should Arrive    first client


*** Keywords ***
Fragments Should Be Echoed Whole
    [Documentation]    Send these fragments over a new connection.
    [Arguments]    @{fragments}
    Open WebSocket
    Send Fragmented Text    @{fragments}
    Text Should Arrive    ${{ ''.join($fragments) }}    rfc=RFC 6455, section 5.4
    Close WebSocket

New Message Should Be Refused
    [Documentation]    Begin a message of the first kind, then one of the second.
    [Arguments]    ${first}    ${second}
    Open WebSocket
    Send Fragment    ${first}    unfinished
    Send Fragment    ${second}    new    final=True
    Connection Should Be Closed With    1002    rfc=RFC 6455, section 5.4

Fragmented Control Frame Should Be Refused
    [Documentation]    Send it without FIN.
    [Arguments]    ${opcode}    ${payload}
    Open WebSocket
    Send Fragment    ${opcode}    ${payload}
    Connection Should Be Closed With    1002    rfc=RFC 6455, section 5.5
