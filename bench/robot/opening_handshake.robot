*** Settings ***
Documentation    The opening handshake (RFC 6455, section 4.2): who is let in, and how everybody else is told.
...
...              A client asks for the upgrade in an HTTP/1.1 request. What HTTP allows is understood; a request
...              that breaks a rule gets the status that says which, and the end of the connection.

Library          bench.robot.BoardLibrary

Test Teardown    Conclude Test

Test Tags        layer:websocket    handshake    rfc6455-4.2    needs:websocket    fast


*** Variables ***
${CRLF}    \r\n
${REST}    Host: 192.0.2.1${CRLF}Upgrade: websocket${CRLF}Connection: Upgrade${CRLF}
...        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==${CRLF}Sec-WebSocket-Version: 13${CRLF}${CRLF}
...        separator=


*** Test Cases ***
A Client Is Let In
    [Documentation]    Status 101 and the accept value that fits the client's key, over both families.
    [Tags]    rfc6455-4.2.2
    [Template]    Client Should Be Let In Over
    IPv4
    IPv6

What HTTP Allows Is Understood
    [Documentation]    Names and tokens are compared without case, lists may have other members, headers may be added.
    [Tags]    rfc6455-4.2.1
    [Template]    Client Should Be Let In With
    upgrade: websocket    sec-websocket-version: 13
    Upgrade: WebSocket    Connection: UPGRADE
    Connection: keep-alive, Upgrade
    Upgrade: h2c, websocket
    User-Agent: bench    Origin: http://example.com    Cookie: a=b
    X-Nothing:

An Extension Is Not Agreed On
    [Documentation]    Section 9.1: a server that knows no extension leaves the offer unanswered.
    [Tags]    rfc6455-9.1
    Connect To Board
    Send Upgrade Request    Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits
    Upgrade Should Be Answered With    101
    Header Of Answer Should Be    Sec-WebSocket-Extensions    ${EMPTY}
    Connection Should Still Echo

Any Path Is Served
    [Documentation]    The server looks at the form of the request target alone; an absolute URI is one as well.
    [Tags]    rfc9112-3.2
    [Template]    Target Should Be Served
    /any/path?query=1
    /?list[]=1|2
    http://example.org:8080/chat
    HTTPS://[2001:db8::1]

Any Host Is Served
    [Documentation]    The server looks at the form of the Host header alone; it may be empty (RFC 9112, section 3.2).
    [Tags]    rfc9112-3.2
    [Template]    Client Should Be Let In With
    Host:
    Host: h:
    Host: [::1]:8080
    Host: 192.0.2.1:80

An Empty Line Before The Request Is Ignored
    [Documentation]    RFC 9112, section 2.2: one of them. A second one is no request line.
    [Tags]    rfc9112-2.2
    Connect To Board
    Send Text As It Is    ${CRLF}GET / HTTP/1.1${CRLF}${REST}
    Upgrade Should Be Answered With    101
    Connection Should Still Echo
    Words Should Be Refused    ${CRLF}${CRLF}GET / HTTP/1.1${CRLF}${REST}

A Key That Is Not 16 Bytes In Base64 Is Refused
    [Documentation]    Section 4.2.1, item 5; none and two of them are no better (section 11.3.1).
    [Tags]    negative    rfc6455-4.2.1
    [Template]    Request Should Be Refused With
    400    Sec-WebSocket-Key
    400    Sec-WebSocket-Key:
    400    Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAA
    400    Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAAA=
    400    Sec-WebSocket-Key: !!!!!!!!!!!!!!!!!!!!!!==
    400    Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA
    400    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==

A Request That Lacks Or Contradicts A Header Is Refused
    [Documentation]    Section 4.2.1, items 2 to 4; section 4.1 for the list of sub-protocols.
    [Tags]    negative    rfc6455-4.2.1
    [Template]    Request Should Be Refused With
    400    Host
    400    Upgrade
    400    Upgrade: h2c
    400    Connection
    400    Connection: close
    400    X Y: 1

A Host That Is None Is Refused
    [Documentation]    RFC 9112, section 3.2: an invalid Host must be answered with 400.
    [Tags]    negative    rfc6455-4.2.1    rfc9112-3.2
    [Template]    Request Should Be Refused With
    400    Host: a b
    400    Host: u@h
    400    Host: h/x
    400    Host: h:8x
    400    Host: [::1
    400    Host: [1::2::3]

A Target Of Another Form Is Refused
    [Documentation]    Only a path, or a URI of http or https, is for GET (RFC 9112, section 3.2; section 4.1).
    [Tags]    negative    rfc6455-4.1    rfc9112-3.2
    [Template]    Target Should Be Refused
    *
    chat
    example.org:80
    ws://example.org/

Extensions That Are No List Fail The Handshake
    [Documentation]    Section 9.1: what does not conform to the grammar must fail the connection.
    [Tags]    negative    rfc6455-9.1
    [Template]    Request Should Be Refused With
    400    Sec-WebSocket-Extensions:
    400    Sec-WebSocket-Extensions: a b
    400    Sec-WebSocket-Extensions: foo;=;;,bar==1
    400    Sec-WebSocket-Extensions: a; b="c d"

Another Version Is Answered With The Right One
    [Documentation]    Section 4.4: status 426, and the version the server speaks.
    [Tags]    negative    rfc6455-4.4
    [Template]    Version Should Be Refused
    Sec-WebSocket-Version
    Sec-WebSocket-Version: 8
    Sec-WebSocket-Version: 14

Another Method Is Answered With The Right One
    [Documentation]    The handshake is a GET request; a method is compared with case (RFC 9110, section 9.1).
    [Tags]    negative    rfc6455-4.2.1    rfc9110-15.5.6
    [Template]    Method Should Be Refused
    POST
    HEAD
    OPTIONS
    get

What Is No Proper HTTP Is Refused
    [Documentation]    An older version, none, folded lines, no colon, a NUL, and another protocol altogether.
    [Tags]    negative    rfc6455-4.2.1
    [Template]    Words Should Be Refused
    GET / HTTP/1.0${CRLF}${REST}
    GET / HTTP/1.x${CRLF}${REST}
    GET / HTTP/:.:${CRLF}${REST}
    GET /${CRLF}${REST}
    GET / HTTP/1.1${CRLF} folded${CRLF}${REST}
    GET / HTTP/1.1${CRLF}no colon${CRLF}${REST}
    GET / HTTP/1.1${CRLF}X: a\x00b${CRLF}${REST}
    \x16\x03\x01\x00{${CRLF}${CRLF}

A Request That Is Too Long Is Refused
    [Documentation]    Lines of 1024 bytes, heads of 4096: whoever asks for more memory is told (RFC 6585, section 5);
    ...    414 says that it is the target (RFC 9112, section 3).
    [Tags]    negative    rfc6455-10.4    rfc6585-5    rfc9112-3
    ${word}=    Text Of Length    ${900}
    ${line}=    Text Of Length    ${1100}
    Request Should Be Refused With    431    X-Long: ${line}
    Target Should Be Refused    /${{ "a" * 1100 }}    414
    Request Should Be Refused With    431    A: ${word}    B: ${word}    C: ${word}    D: ${word}    E: ${word}

A Request In Any Segments Is Understood
    [Documentation]    TCP is a stream: the request may come byte by byte.
    [Tags]    layer:tcp    -fast    slow
    [Template]    Request In Segments Of Size Should Be Understood
    1
    2
    7
    100

A Client May Follow Its Request With A Frame At Once
    [Documentation]    What comes in the same segment as the request is the beginning of the WebSocket stream.
    [Tags]    layer:tcp
    Connect To Board
    VAR    ${request}=    GET / HTTP/1.1${CRLF}${REST}
    Send Bytes As They Are    ${{ $request.encode() + bytes.fromhex('8182000000006869') }}
    Upgrade Should Be Answered With    101
    Text Should Arrive    hi


*** Keywords ***
Client Should Be Let In Over
    [Documentation]    Upgrade over this family of addresses and echo.
    [Arguments]    ${family}
    Connect To Board    ipv6=${{ $family == 'IPv6' }}
    Send Upgrade Request
    Upgrade Should Be Answered With    101
    Connection Should Still Echo
    Close WebSocket

Client Should Be Let In With
    [Documentation]    Upgrade with these headers and echo.
    [Arguments]    @{headers}
    Connect To Board
    Send Upgrade Request    @{headers}
    Upgrade Should Be Answered With    101
    Connection Should Still Echo
    Close WebSocket

Request Should Be Refused With
    [Documentation]    Ask with these headers: the answer has this status.
    [Arguments]    ${status}    @{headers}
    Connect To Board
    Send Upgrade Request    @{headers}
    Upgrade Should Be Answered With    ${status}

Target Should Be Served
    [Documentation]    Upgrade with this request target and echo.
    [Arguments]    ${target}
    Connect To Board
    Send Upgrade Request    path=${target}
    Upgrade Should Be Answered With    101
    Connection Should Still Echo
    Close WebSocket

Target Should Be Refused
    [Documentation]    Ask for this request target: the answer has this status.
    [Arguments]    ${target}    ${status}=400
    Connect To Board
    Send Upgrade Request    path=${target}
    Upgrade Should Be Answered With    ${status}    rfc=RFC 9112, section 3

Version Should Be Refused
    [Documentation]    Ask with this version: the answer names 13.
    [Arguments]    ${header}
    Request Should Be Refused With    426    ${header}
    Header Of Answer Should Be    Sec-WebSocket-Version    13
    Header Of Answer Should Be    Upgrade    websocket
    Header Of Answer Should Be    Connection    Upgrade, close

Method Should Be Refused
    [Documentation]    Ask with this method: the answer names GET; with HEAD it has no body (RFC 9110, section 9.3.2).
    [Arguments]    ${method}
    Connect To Board
    Send Upgrade Request    method=${method}
    Upgrade Should Be Answered With    405    rfc=RFC 9110, section 15.5.6
    Header Of Answer Should Be    Allow    GET
    IF    '${method}' == 'HEAD'
        Header Of Answer Should Be    Content-Length    ${EMPTY}
    END

Words Should Be Refused
    [Documentation]    Send this instead of a request: the answer has the status 400.
    [Arguments]    ${words}
    Connect To Board
    Send Text As It Is    ${words}
    Upgrade Should Be Answered With    400    rfc=RFC 9112, section 3

Request In Segments Of Size Should Be Understood
    [Documentation]    Cut the request into segments of so many bytes.
    [Arguments]    ${size}
    Connect To Board
    Send Upgrade Request    segment_size=${size}
    Upgrade Should Be Answered With    101
    Connection Should Still Echo
    Close WebSocket
