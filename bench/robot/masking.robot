*** Settings ***
Documentation    Masking of WebSocket frames (RFC 6455, sections 5.1 and 5.3).
...
...              A client masks every frame with a key of four bytes; byte i of the payload is combined with byte
...              i mod 4 of the key. A server refuses frames that are not masked and does not mask its own, except
...              where it is asked to: the board's sub-protocol ``masked-echo`` does so to test clients with.

Library          bench.robot.BoardLibrary

Test Teardown    Conclude Test

Test Tags        layer:websocket    masking    rfc6455-5.3    needs:websocket    fast


*** Variables ***
${ALPHABET}    abcdefghijklmnopqrstuvwxyz


*** Test Cases ***
Masked Text Is Unmasked And Echoed
    [Documentation]    The plain case: a random key, one frame, the same text back and not masked.
    Open WebSocket
    Send Masked Text    Hello
    Text Should Arrive    Hello

Masked Binary Is Unmasked And Echoed
    [Documentation]    Every byte value survives masking and unmasking.
    Open WebSocket
    ${data}=    Bytes Of Length    ${512}
    Send Masked Binary    ${data}
    Binary Should Arrive    ${data}

Text Beyond ASCII Is Unmasked Before It Is Checked
    [Documentation]    The UTF-8 check of section 8.1 sees the text, not the masked bytes.
    Open WebSocket
    Send Masked Text    Grüße, 你好, 🙂
    Text Should Arrive    Grüße, 你好, 🙂

Each Byte Of The Key Unmasks Its Bytes Of The Payload
    [Documentation]    Keys in which one byte differs from zero show which byte of the payload it is applied to.
    [Template]    Text Masked With Key Should Be Echoed
    ff000000
    00ff0000
    0000ff00
    000000ff
    01020408
    80402010

The Key Of Zeros Leaves The Payload As It Is
    [Documentation]    Section 5.3 asks for an unpredictable key, but a server accepts any.
    Text Masked With Key Should Be Echoed    00000000

The Key Of Ones Inverts The Payload
    [Documentation]    All bits of the payload are inverted on the wire.
    Text Masked With Key Should Be Echoed    ffffffff

A Payload Of Any Length Ends At The Right Byte Of The Key
    [Documentation]    Lengths around multiples of four: unmasking by words must not lose or double the last bytes.
    Open WebSocket
    FOR    ${length}    IN RANGE    1    18
        ${text}=    Text Of Length    ${length}
        Send Masked Text    ${text}    key=a1b2c3d4
        Text Should Arrive    ${text}
    END

The Key Starts Anew With Every Frame
    [Documentation]    The position in the key is that in the frame, not in the connection or the message.
    [Tags]    rfc6455-5.4
    Open WebSocket
    Send Masked Text    abc    key=11223344
    Text Should Arrive    abc
    Send Masked Text    defgh    key=55667788
    Text Should Arrive    defgh
    Send Fragment    text    abc
    Send Fragment    continuation    de
    Send Fragment    continuation    fgh    final=True
    Text Should Arrive    abcdefgh

A Frame Cut Within Its Key Is Put Together Again
    [Documentation]    TCP is a stream: header, key and payload may come in any number of segments.
    [Tags]    layer:tcp
    Open WebSocket
    FOR    ${position}    IN RANGE    1    10
        VAR    @{cut}=    ${position}
        Send Masked Text    ${ALPHABET}    key=a1b2c3d4    cut_at=${cut}
        Text Should Arrive    ${ALPHABET}
    END
    ${everywhere}=    Evaluate    list(range(1, 32))
    Send Masked Text    ${ALPHABET}    key=a1b2c3d4    cut_at=${everywhere}
    Text Should Arrive    ${ALPHABET}

A Frame That Is Not Masked Is Refused
    [Documentation]    Section 5.1: a server closes the connection when it receives a frame that is not masked.
    [Tags]    rfc6455-5.1    negative
    [Template]    Unmasked Frame Should Be Refused
    text    Hello
    text    ${EMPTY}
    binary    Hello
    continuation    Hello
    ping    Hello
    pong    Hello
    close    ${EMPTY}

An Unmasked Frame Is Refused After A Masked One
    [Documentation]    Masking is required of every frame, not only of the first.
    [Tags]    rfc6455-5.1    negative
    Open WebSocket
    Send Masked Text    masked
    Text Should Arrive    masked
    Send Unmasked    text    not masked
    Connection Should Be Closed With    1002    rfc=RFC 6455, section 5.1

An Unmasked Continuation Of A Masked Message Is Refused
    [Documentation]    Nothing of the message may be delivered.
    [Tags]    rfc6455-5.1    rfc6455-5.4    negative
    Open WebSocket
    Send Fragment    text    masked
    Send Unmasked    continuation    not masked
    Connection Should Be Closed With    1002    rfc=RFC 6455, section 5.1

A Server Frame Is Not Masked Unless It Was Asked For
    [Documentation]    The sub-protocol ``echo`` answers as section 5.1 demands.
    [Tags]    rfc6455-5.1    sub-protocol    needs:servers
    ${protocol}=    Open WebSocket    8082    echo
    Should Be Equal    ${protocol}    echo
    Send Masked Text    Hello
    Text Should Arrive    Hello    rfc=RFC 6455, section 5.1

Server Frames Are Masked On Request
    [Documentation]    The sub-protocol ``masked-echo`` masks text and binary, each frame with a key of its own.
    [Tags]    sub-protocol    needs:servers
    ${protocol}=    Open WebSocket    8082    masked-echo
    Should Be Equal    ${protocol}    masked-echo
    Send Masked Text    Hello
    ${first}=    Masked Frame Should Arrive    text    Hello
    Send Masked Text    Hello
    ${second}=    Masked Frame Should Arrive    text    Hello
    Should Not Be Equal    ${first}    ${second}    Masking keys must be unpredictable (RFC 6455, section 10.3)
    ${data}=    Bytes Of Length    ${300}
    Send Masked Binary    ${data}
    Masked Frame Should Arrive    binary    ${data}

A Server Ping Is Masked On Request
    [Documentation]    A text ``ping:<data>`` makes the board send a masked ping with this data.
    [Tags]    sub-protocol    ping    needs:servers
    Open WebSocket    8082    masked-echo
    Send Masked Text    ping:are you there
    Masked Frame Should Arrive    ping    are you there

A Masked Server Still Answers Pings Unmasked
    [Documentation]    Only what was asked for is masked: automatic pongs obey section 5.1.
    [Tags]    rfc6455-5.1    sub-protocol    ping    needs:servers
    Open WebSocket    8082    masked-echo
    Send Ping    still there
    Pong Should Arrive    still there


*** Keywords ***
Text Masked With Key Should Be Echoed
    [Documentation]    Echo the alphabet, masked with this key, over a new connection.
    [Arguments]    ${key}
    Open WebSocket
    Send Masked Text    ${ALPHABET}    key=${key}
    Text Should Arrive    ${ALPHABET}    rfc=RFC 6455, section 5.3
    Close WebSocket

Unmasked Frame Should Be Refused
    [Documentation]    Send an unmasked frame over a new connection, which has to be closed for it.
    [Arguments]    ${opcode}    ${payload}
    Open WebSocket
    Send Unmasked    ${opcode}    ${payload}
    Connection Should Be Closed With    1002    rfc=RFC 6455, section 5.1
