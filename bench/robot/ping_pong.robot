*** Settings ***
Documentation    Ping and pong (RFC 6455, sections 5.5.2 and 5.5.3).
...
...              A ping is answered with a pong that carries the same payload, at most 125 bytes, even in the
...              middle of a fragmented message. A pong that nobody has asked for is ignored.

Library          bench.robot.BoardLibrary

Test Teardown    Conclude Test

Test Tags        layer:websocket    ping    rfc6455-5.5    needs:websocket    fast


*** Test Cases ***
A Ping Is Answered With Its Payload
    [Documentation]    Section 5.5.3: the pong has identical application data. From nothing to the most there may be.
    [Template]    Ping Of Length Should Be Answered
    ${0}
    ${1}
    ${2}
    ${124}
    ${125}

A Ping Of Any Bytes Is Answered With The Same
    [Documentation]    The payload of a ping is not text: every byte value comes back.
    Open WebSocket
    ${data}=    Bytes Of Length    ${125}
    Send Ping    ${data}
    Pong Should Arrive    ${data}
    ${zeros}=    Evaluate    bytes(125)
    Send Ping    ${zeros}
    Pong Should Arrive    ${zeros}
    ${ones}=    Evaluate    bytes([255]) * 125
    Send Ping    ${ones}
    Pong Should Arrive    ${ones}

A Ping Longer Than 125 Bytes Is Refused
    [Documentation]    Section 5.5: control frames have a payload of 125 bytes or less.
    [Tags]    negative
    [Template]    Ping Of Length Should Be Refused
    ${126}
    ${127}
    ${4096}

A Ping That Only Announces Too Much Is Refused At Once
    [Documentation]    The header is enough to know: the board does not wait for the payload.
    [Tags]    negative
    [Template]    Announced Control Frame Should Be Refused
    ping    ${126}
    ping    ${65536}
    pong    ${126}

A Fragmented Ping Is Refused
    [Documentation]    Section 5.5: control frames must not be fragmented.
    [Tags]    negative    rfc6455-5.4
    Open WebSocket
    Send Fragment    ping    half of
    Connection Should Be Closed With    1002    rfc=RFC 6455, section 5.5

Several Pings Are Answered In Their Order
    [Documentation]    Ten pings in one TCP segment give ten pongs.
    Open WebSocket
    Send Pings In One Segment    0    1    2    3    4    5    6    7    8    9
    FOR    ${number}    IN RANGE    10
        Pong Should Arrive    ${number}
    END

Ping After Ping Is Answered
    [Documentation]    Answers keep coming, and nothing else comes with them.
    Open WebSocket
    FOR    ${number}    IN RANGE    25
        Send Ping    number ${number}
        Pong Should Arrive    number ${number}
    END
    Nothing Should Arrive

A Ping Between The Fragments Of A Message Is Answered At Once
    [Documentation]    Section 5.4: control frames may come between fragments, and the message is not disturbed.
    [Tags]    rfc6455-5.4
    Open WebSocket
    Send Fragment    text    first,${SPACE}
    Send Ping    in between
    Pong Should Arrive    in between
    Send Fragment    continuation    second,${SPACE}
    Send Ping    once more
    Pong Should Arrive    once more
    Send Fragment    continuation    third    final=True
    Text Should Arrive    first, second, third

A Message Between Two Pings Keeps Its Place
    [Documentation]    Pong, echo, pong: the board answers in the order of the questions.
    Open WebSocket
    Send Ping    before
    Send Masked Text    a message
    Send Ping    after
    Pong Should Arrive    before
    Text Should Arrive    a message
    Pong Should Arrive    after

A Pong Nobody Asked For Is Ignored
    [Documentation]    Section 5.5.3: an unsolicited pong is a heartbeat in one direction, no answer is expected.
    Open WebSocket
    Send Pong
    Send Pong    unsolicited
    Nothing Should Arrive
    Connection Should Still Echo

A Pong Between Fragments Is Ignored
    [Documentation]    The message comes out whole.
    [Tags]    rfc6455-5.4
    Open WebSocket
    Send Fragment    binary    left
    Send Pong    unsolicited
    Send Fragment    continuation    right    final=True
    ${whole}=    Evaluate    b"leftright"
    Binary Should Arrive    ${whole}

A Ping Of The Board Is Answered By A Pong It Accepts
    [Documentation]    Both directions: the board pings (masked, on request), the client answers, the talk goes on.
    [Tags]    sub-protocol    masking    needs:servers
    Open WebSocket    8082    masked-echo
    Send Masked Text    ping:hello
    Masked Frame Should Arrive    ping    hello
    Send Pong    hello
    Nothing Should Arrive
    Send Masked Text    still here
    Masked Frame Should Arrive    text    still here

A Ping After The Closing Handshake Gets No Answer
    [Documentation]    Section 5.5.1: after a close frame nothing else is sent.
    [Tags]    rfc6455-5.5.1
    Open WebSocket
    Send Close    1000
    Send Ping    too late
    Connection Should Be Closed With    1000    rfc=RFC 6455, section 5.5.1

Pings Are Answered Over IPv6
    [Documentation]    The same server listens on both families.
    [Tags]    layer:ipv6
    Open WebSocket    ipv6=True
    Send Ping    over IPv6
    Pong Should Arrive    over IPv6


*** Keywords ***
Ping Of Length Should Be Answered
    [Documentation]    Ping with so many bytes over a new connection.
    [Arguments]    ${length}
    Open WebSocket
    ${payload}=    Text Of Length    ${length}
    Send Ping    ${payload}
    Pong Should Arrive    ${payload}
    Close WebSocket

Ping Of Length Should Be Refused
    [Documentation]    Ping with so many bytes over a new connection, which has to be closed for it.
    [Arguments]    ${length}
    Open WebSocket
    ${payload}=    Text Of Length    ${length}
    Send Ping    ${payload}
    Connection Should Be Closed With    1002    rfc=RFC 6455, section 5.5

Announced Control Frame Should Be Refused
    [Documentation]    Send the header of a control frame that is too long, and nothing after it.
    [Arguments]    ${opcode}    ${announced}
    Open WebSocket
    Send Header Only    ${opcode}    ${announced}
    Connection Should Be Closed With    1002    rfc=RFC 6455, section 5.5
