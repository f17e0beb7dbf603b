*** Settings ***
Documentation    The closing handshake (RFC 6455, sections 5.5.1 and 7).
...
...              Each side sends one close frame, with a code and a reason or with neither; then the server closes
...              the TCP connection. Codes that may not stand in a frame are refused with 1002.

Library          bench.robot.BoardLibrary

Test Teardown    Conclude Test

Test Tags        layer:websocket    close    rfc6455-5.5.1    needs:websocket    fast


*** Test Cases ***
A Close Frame Is Answered With Its Code
    [Documentation]    Codes that the RFC defines.
    [Tags]    rfc6455-7.4
    [Template]    Code Should Come Back
    1000
    1001
    1003
    1007
    1008
    1009
    1010
    1011

A Close Frame Of An Application Is Answered With Its Code
    [Documentation]    Codes of the registry (3000 to 3999) and private ones (4000 to 4999).
    [Tags]    rfc6455-7.4
    [Template]    Code Should Come Back
    3000
    3999
    4000
    4999

A Code That May Not Be Sent Is Refused
    [Documentation]    Section 7.4: below 1000, reserved for local use, not defined, beyond 4999.
    [Tags]    negative    rfc6455-7.4
    [Template]    Code Should Be Refused
    0
    999
    1004
    1005
    1006
    1015
    1016
    2999
    5000
    65535

A Close Frame Without A Code Is Answered Without One
    [Documentation]    Neither side has to say why.
    Open WebSocket
    Send Close Payload    ${EMPTY}
    Close Without A Code Should Arrive

A Close Frame May Carry A Reason
    [Documentation]    Up to 123 bytes of UTF-8.
    [Template]    Reason Should Be Accepted
    x
    Grüße 🙂
    ${{ 'r' * 123 }}

A Payload Of One Byte Is Refused
    [Documentation]    A code has two bytes.
    [Tags]    negative
    Open WebSocket
    Send Close Payload    03
    Connection Should Be Closed With    1002    rfc=RFC 6455, section 5.5.1

A Reason That Is No UTF-8 Is Refused
    [Documentation]    A lone continuation byte, a character cut short, a surrogate.
    [Tags]    negative    rfc6455-8.1
    [Template]    Bytes Of Reason Should Be Refused
    80
    c3
    eda080

A Frame Longer Than 125 Bytes Is Refused
    [Documentation]    A code and 124 bytes of reason are one byte more than a control frame may have.
    [Tags]    negative    rfc6455-5.5
    Open WebSocket
    Send Close    1000    ${{ 'r' * 124 }}
    Connection Should Be Closed With    1002    rfc=RFC 6455, section 5.5

A Fragmented Close Frame Is Refused
    [Documentation]    Control frames are not fragmented.
    [Tags]    negative    rfc6455-5.4
    Open WebSocket
    Send Fragment    close    ${{ b'\x03\xe8' }}
    Connection Should Be Closed With    1002    rfc=RFC 6455, section 5.5

What Follows A Close Frame Is Ignored
    [Documentation]    Nothing is sent after a close frame, not even an answer.
    [Tags]    rfc6455-7.1.4
    [Template]    Frame After Close Should Be Ignored
    Send Masked Text
    Send Ping
    Send Pong

A Close Frame Within A Message Ends It
    [Documentation]    A control frame may come between fragments; the unfinished message is not delivered.
    [Tags]    rfc6455-5.4
    Open WebSocket
    Send Fragment    text    never finished
    Send Close    1001    going away
    Connection Should Be Closed With    1001

The Messages Before A Close Frame Are Still Answered
    [Documentation]    What came first is answered first.
    Open WebSocket
    Send Masked Text    first
    Send Masked Text    second
    Send Close    1000
    Text Should Arrive    first
    Text Should Arrive    second
    Connection Should Be Closed With    1000

A Client That Half Closes Without A Word Is Let Go
    [Documentation]    The end of TCP without a close frame: the board closes its half as well (section 7.1.5).
    [Tags]    layer:tcp    rfc6455-7.1.5
    Open WebSocket
    Half Close Connection
    Connection Should End


*** Keywords ***
Code Should Come Back
    [Documentation]    Close with this code: the answer has the same.
    [Arguments]    ${code}
    Open WebSocket
    Send Close    ${code}    because
    Connection Should Be Closed With    ${code}    rfc=RFC 6455, section 5.5.1

Code Should Be Refused
    [Documentation]    Close with this code: it is a protocol error.
    [Arguments]    ${code}
    Open WebSocket
    Send Close    ${code}
    Connection Should Be Closed With    1002    rfc=RFC 6455, section 7.4

Reason Should Be Accepted
    [Documentation]    Close with this reason.
    [Arguments]    ${reason}
    Open WebSocket
    Send Close    1000    ${reason}
    Connection Should Be Closed With    1000

Bytes Of Reason Should Be Refused
    [Documentation]    Close with 1000 and these bytes (hex) as the reason.
    [Arguments]    ${reason}
    Open WebSocket
    Send Close Payload    03e8${reason}
    Connection Should Be Closed With    1007    rfc=RFC 6455, section 8.1

Frame After Close Should Be Ignored
    [Documentation]    Send a close frame, then another one by this keyword.
    [Arguments]    ${keyword}
    Open WebSocket
    Send Close    1000
    Run Keyword    ${keyword}    too late
    Connection Should Be Closed With    1000
