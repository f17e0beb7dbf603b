*** Settings ***
Documentation    Text is UTF-8 (RFC 6455, sections 5.6 and 8.1; RFC 3629).
...
...              A text message has to be valid UTF-8 as a whole: a character may be cut by the end of a fragment or
...              a segment. What is not valid closes the connection with 1007, and none of it is delivered.

Library          bench.robot.BoardLibrary

Test Teardown    Conclude Test

Test Tags        layer:websocket    utf8    rfc6455-8.1    rfc3629-3    needs:websocket    fast

Name             UTF-8


*** Test Cases ***
The Edges Of Every Length Of Sequence Are Echoed
    [Documentation]    The first and the last character of one, two, three and four bytes, around the surrogates too.
    [Template]    Bytes Should Be Echoed As Text
    00
    7f
    c280
    dfbf
    e0a080
    ed9fbf
    ee8080
    efbfbf
    f0908080
    f48fbfbf

Texts In Many Scripts Are Echoed
    [Documentation]    What people write.
    [Template]    Text Should Be Echoed
    Grüße aus Köln
    Привет, мир
    你好,世界
    नमस्ते
    👩‍👩‍👧‍👦 🙂

A Sequence With Too Few Or Too Many Bytes Is Refused
    [Documentation]    Lone continuation bytes, missing ones, and bytes that begin nothing.
    [Tags]    negative
    [Template]    Bytes Should Be Refused As Text
    80
    bf
    c3
    c328
    e282
    f09f99
    f888808080
    fe
    ff
    48656c6c6fff

A Sequence That Stands For No Character Is Refused
    [Documentation]    Overlong forms, surrogates, what lies beyond U+10FFFF.
    [Tags]    negative
    [Template]    Bytes Should Be Refused As Text
    c0af
    c180
    e08080
    e09fbf
    eda080
    edbfbf
    f0808080
    f08fbfbf
    f4908080

A Character May Be Cut By The End Of A Fragment
    [Documentation]    The check goes over the message, not over its frames.
    [Tags]    rfc6455-5.6    rfc6455-5.4
    [Template]    Bytes Should Be Echoed As Text
    c3    bc
    e4    bd    a0
    f0    9f    99    82
    f09f    9982
    f0    ${EMPTY}    9f9982

A Character That The Next Fragment Does Not Finish Is Refused
    [Documentation]    Each fragment could be the beginning of something valid; the message is not.
    [Tags]    negative    rfc6455-5.4
    [Template]    Bytes Should Be Refused As Text
    c3    28
    f09f    28
    e2    ${EMPTY}
    f09f99    f09f9982

A Character May Be Cut By The End Of A Segment
    [Documentation]    TCP does not know of characters.
    [Tags]    layer:tcp
    Open WebSocket
    VAR    @{everywhere}=    @{{ list(range(1, 10)) }}
    Send Masked Text    🙂    cut_at=${everywhere}
    Text Should Arrive    🙂

Binary Messages Are Not Checked
    [Documentation]    The same bytes are fine where they are no text.
    Open WebSocket
    Send Masked Binary    ${{ bytes.fromhex('fffe80c0af') }}
    Binary Should Arrive    ${{ bytes.fromhex('fffe80c0af') }}


*** Keywords ***
Bytes Should Be Echoed As Text
    [Documentation]    Send a text of these bytes (hex), each argument a fragment.
    [Arguments]    @{fragments}
    Open WebSocket
    Send Text Bytes    @{fragments}
    Text Should Arrive    ${{ bytes.fromhex(''.join($fragments)).decode() }}    rfc=RFC 3629, section 3
    Close WebSocket

Text Should Be Echoed
    [Documentation]    Send this text.
    [Arguments]    ${text}
    Open WebSocket
    Send Masked Text    ${text}
    Text Should Arrive    ${text}
    Close WebSocket

Bytes Should Be Refused As Text
    [Documentation]    Send a text of these bytes (hex), each argument a fragment.
    [Arguments]    @{fragments}
    Open WebSocket
    Send Text Bytes    @{fragments}
    Connection Should Be Closed With    1007    rfc=RFC 6455, section 8.1
