*** Settings ***
Documentation    Sub-protocols and the accept handler (RFC 6455, sections 1.9 and 4.2.2).
...
...              A client offers sub-protocols in the order of its preference; the server's ``accept_handler``
...              chooses one of them or refuses with 401. Port 8082 knows ``echo``, ``masked-echo`` and
...              ``clients``, port 8081 ``my_ws_protocol``; port 8080 has no handler and chooses none.

Library          bench.robot.BoardLibrary

Test Teardown    Conclude Test

Test Tags        layer:websocket    sub-protocol    rfc6455-4.2.2    needs:servers    fast


*** Test Cases ***
The First That Is Known Is Chosen
    [Documentation]    The rest of the offer does not matter.
    [Template]    Offer Should Be Answered With
    echo    echo
    masked-echo    masked-echo    echo
    echo    echo    masked-echo
    echo    x    y    echo    z
    clients    unknown    clients

An Offer Without A Known One Is Refused
    [Documentation]    None, unknown ones, another case, and the name with something around it.
    [Tags]    negative
    [Template]    Upgrade Should Be Refused With
    401    ${8082}
    401    ${8082}    unknown
    401    ${8082}    ECHO
    401    ${8082}    echo2
    401    ${8081}    echo

An Offer In Several Headers Is One Offer
    [Documentation]    Section 11.3.4: the header may appear several times, which is the same as a list.
    [Tags]    rfc6455-11.3.4
    Connect To Board    ${8082}
    Send Upgrade Request    Sec-WebSocket-Protocol: unknown    Sec-WebSocket-Protocol: masked-echo, echo
    Upgrade Should Be Answered With    101
    Header Of Answer Should Be    Sec-WebSocket-Protocol    masked-echo

An Empty Offer Is Refused
    [Documentation]    Section 4.1, item 10: the list has at least one element.
    [Tags]    negative    rfc6455-4.1
    Connect To Board    ${8082}
    Send Upgrade Request    Sec-WebSocket-Protocol:${SPACE * 4}
    Upgrade Should Be Answered With    400

Without A Handler Nothing Is Chosen
    [Documentation]    The header is left out of the answer then.
    Connect To Board
    Send Upgrade Request    Sec-WebSocket-Protocol: echo
    Upgrade Should Be Answered With    101
    Header Of Answer Should Be    Sec-WebSocket-Protocol    ${EMPTY}
    Connection Should Still Echo

What Was Chosen Is For This Connection Alone
    [Documentation]    Two clients of the same server speak different sub-protocols.
    [Tags]    clients
    Open WebSocket    8082    masked-echo
    Open WebSocket    8082    echo
    Send Masked Text    plain
    Text Should Arrive    plain
    Close WebSocket
    Send Masked Text    masked
    Masked Frame Should Arrive    text    masked

A Refused Client May Ask Again
    [Documentation]    With another offer, over another connection.
    Upgrade Should Be Refused With    401    ${8082}    unknown
    ${protocol}=    Open WebSocket    8082    echo
    Should Be Equal    ${protocol}    echo
    Connection Should Still Echo


*** Keywords ***
Offer Should Be Answered With
    [Documentation]    Offer these sub-protocols to port 8082: this one is chosen.
    [Arguments]    ${expected}    @{offered}
    ${protocol}=    Open WebSocket    8082    @{offered}
    Should Be Equal    ${protocol}    ${expected}
    Close WebSocket
