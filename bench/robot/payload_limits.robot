*** Settings ***
Documentation    Payload lengths, their encoding, and the server's limit (RFC 6455, sections 5.2 and 7.4.1).
...
...              A length takes 7 bits, 7+16 bits or 7+64 bits, always the shortest form. The board's echo servers
...              accept messages of up to ${MAX_PAYLOAD} bytes (``max_payload``), all fragments together; a longer
...              one is refused with 1009 as soon as a header says so, before any memory is spent on it.

Library          bench.robot.BoardLibrary

Test Teardown    Conclude Test

Test Tags        layer:websocket    payload    rfc6455-5.2    needs:servers    fast


*** Variables ***
${MAX_PAYLOAD}     ${4096}
${LARGEST_63}      ${0x7FFFFFFFFFFFFFFF}
${HIGHEST_BIT}     ${0x8000000000000000}
${WRAPS_AROUND}    ${0xFFFFFFFFFFFFFFFC}


*** Test Cases ***
Text Of Every Form Of Length Is Echoed
    [Documentation]    The edges of the 7 bit and the 16 bit form, up to the limit.
    [Tags]    -fast    slow
    [Template]    Text Of Length Should Be Echoed
    ${0}
    ${1}
    ${125}
    ${126}
    ${127}
    ${255}
    ${256}
    ${MAX_PAYLOAD - 1}
    ${MAX_PAYLOAD}

Binary Of Every Form Of Length Is Echoed
    [Documentation]    The same for binary messages.
    [Template]    Binary Of Length Should Be Echoed
    ${0}
    ${1}
    ${125}
    ${126}
    ${127}
    ${255}
    ${256}
    ${MAX_PAYLOAD - 1}
    ${MAX_PAYLOAD}

The Limit Holds For A Sub Protocol As Well
    [Documentation]    The server on port 8082 has the same limit, and masks what it sends back.
    [Tags]    sub-protocol
    Open WebSocket    8082    masked-echo
    ${data}=    Bytes Of Length    ${MAX_PAYLOAD}
    Send Masked Binary    ${data}
    Masked Frame Should Arrive    binary    ${data}

A Message Longer Than The Limit Is Refused
    [Documentation]    Section 7.4.1: 1009 says that a message is too big to process.
    [Tags]    negative    rfc6455-7.4.1
    [Template]    Message Of Length Should Be Refused
    ${MAX_PAYLOAD + 1}
    ${MAX_PAYLOAD + 2}
    ${2 * ${MAX_PAYLOAD}}

A Header That Announces Too Much Is Refused Before Its Payload Arrives
    [Documentation]    The board does not wait for, or make room for, what it will not take.
    [Tags]    negative    rfc6455-7.4.1
    [Template]    Announced Frame Should Be Refused
    binary    ${MAX_PAYLOAD + 1}    1009
    text    ${MAX_PAYLOAD + 1}    1009
    binary    ${32768}    1009
    binary    ${65535}    1009
    binary    ${65536}    1009
    binary    ${0xFFFFFFFF}    1009
    binary    ${LARGEST_63}    1009

A Length With Its Highest Bit Set Is Refused
    [Documentation]    Section 5.2: the most significant bit of the 64 bit form must be 0.
    [Tags]    negative
    [Template]    Announced Frame Should Be Refused
    binary    ${HIGHEST_BIT}    1002    rfc=RFC 6455, section 5.2
    text    ${HIGHEST_BIT}    1002    rfc=RFC 6455, section 5.2
    binary    ${WRAPS_AROUND}    1002    rfc=RFC 6455, section 5.2

A Length That Is Not In Its Shortest Form Is Refused
    [Documentation]    Section 5.2: the minimal number of bytes must be used to encode the length.
    [Tags]    negative
    [Template]    Wide Length Should Be Refused
    ${0}    16
    ${125}    16
    ${0}    64
    ${125}    64
    ${126}    64

Fragments Up To The Limit Make A Message
    [Documentation]    The limit is on the message: fragments that fill it exactly are fine.
    [Tags]    rfc6455-5.4
    Open WebSocket
    ${half}=    Text Of Length    ${MAX_PAYLOAD // 2}
    Send Fragment    text    ${half}
    Send Fragment    continuation    ${half}
    Send Fragment    continuation    ${EMPTY}    final=True
    Text Should Arrive    ${half}${half}

Fragments Beyond The Limit Are Refused
    [Documentation]    Each fragment alone would be fine; the header of the one that goes beyond the limit is refused.
    [Tags]    negative    rfc6455-5.4    rfc6455-7.4.1
    Open WebSocket
    ${half}=    Text Of Length    ${MAX_PAYLOAD // 2}
    Send Fragment    text    ${half}
    Send Fragment    continuation    ${half}
    Send Header Only    continuation    ${1}
    Connection Should Be Closed With    1009

The Limit Is Counted Anew For Each Message
    [Documentation]    A long message, fragmented or not, leaves the full limit to the next.
    [Tags]    rfc6455-5.4    -fast    slow
    Open WebSocket
    ${data}=    Bytes Of Length    ${MAX_PAYLOAD}
    ${first}    ${second}=    Evaluate    $data[:4000], $data[4000:]
    FOR    ${round}    IN RANGE    3
        Log    Round ${round}
        Send Fragment    binary    ${first}
        Send Fragment    continuation    ${second}    final=True
        Binary Should Arrive    ${data}
        Send Masked Binary    ${data}
        Binary Should Arrive    ${data}
    END

A Refused Message Takes No Memory From The Next Client
    [Documentation]    Refusals, one after the other, leave the board able to take a message of full length.
    [Tags]    negative
    FOR    ${round}    IN RANGE    5
        Log    Round ${round}
        Open WebSocket
        Send Header Only    binary    ${LARGEST_63}
        Connection Should Be Closed With    1009
    END
    Binary Of Length Should Be Echoed    ${MAX_PAYLOAD}


*** Keywords ***
Text Of Length Should Be Echoed
    [Documentation]    Echo a text over a new connection.
    [Arguments]    ${length}
    Open WebSocket
    ${text}=    Text Of Length    ${length}
    Send Masked Text    ${text}
    Text Should Arrive    ${text}
    Close WebSocket

Binary Of Length Should Be Echoed
    [Documentation]    Echo bytes over a new connection.
    [Arguments]    ${length}
    Open WebSocket
    ${data}=    Bytes Of Length    ${length}
    Send Masked Binary    ${data}
    Binary Should Arrive    ${data}
    Close WebSocket

Message Of Length Should Be Refused
    [Documentation]    Send a whole message over a new connection, which has to be closed for it.
    [Arguments]    ${length}
    Open WebSocket
    ${data}=    Bytes Of Length    ${length}
    Send Masked Binary    ${data}
    Connection Should Be Closed With    1009

Announced Frame Should Be Refused
    [Documentation]    Send the header of a frame, and nothing after it.
    [Arguments]    ${opcode}    ${announced}    ${code}    ${rfc}=RFC 6455, section 7.4.1
    Open WebSocket
    Send Header Only    ${opcode}    ${announced}
    Connection Should Be Closed With    ${code}    rfc=${rfc}

Wide Length Should Be Refused
    [Documentation]    Send a text whose length takes more bits than it needs.
    [Arguments]    ${length}    ${bits}
    Open WebSocket
    ${text}=    Text Of Length    ${length}
    Send Masked Text With Wide Length    ${text}    ${bits}
    Connection Should Be Closed With    1002    rfc=RFC 6455, section 5.2
