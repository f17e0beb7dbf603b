*** Settings ***
Documentation    TCP (RFC 9293) below the WebSocket server: order, loss, windows, and segments that do not belong.
...
...              Whatever way the segments take, the stream is the same; what does not belong to a connection
...              neither ends nor disturbs it (RFC 5961).

Library          bench.robot.BoardLibrary

Test Teardown    Conclude Test

Test Tags        layer:tcp    fast

Name             TCP Robustness


*** Test Cases ***
A SYN Is Answered With SYN And ACK
    [Documentation]    The acknowledgement is one more than the number of the SYN, also where numbers wrap around.
    [Tags]    needs:tcp:8080    rfc9293-3.5
    [Template]    Packet Should Be Answered
    IP()/TCP(sport=40000, dport=8080, seq=100, flags="S")    TCP.flags=SA    TCP.ack=101
    IP()/TCP(sport=40001, dport=8080, seq=0xffffffff, flags="S")    TCP.flags=SA    TCP.ack=0

A SYN Is Answered With SYN And ACK Over IPv6
    [Documentation]    TCP is the same above either.
    [Tags]    needs:tcp:8080    needs:ipv6    rfc9293-3.5
    Packet Should Be Answered
    ...    IPv6()/TCP(sport=40000, dport=8080, seq=100, flags="S")
    ...    TCP.flags=SA
    ...    TCP.ack=101

A Closed Port Answers With A Reset
    [Documentation]    With the number that was acknowledged; where none was, with 0 and an acknowledgement.
    [Tags]    needs:tcp    rfc9293-3.10.7.1
    [Template]    Packet Should Be Answered
    IP()/TCP(sport=40000, dport=9, seq=100, flags="S")    TCP.flags=RA    TCP.seq=0    TCP.ack=101
    IP()/TCP(sport=40000, dport=9, seq=100, ack=7777, flags="A")    TCP.flags=R*    TCP.seq=7777
    IP()/TCP(sport=40000, dport=9, seq=100, ack=7777, flags="FA")    TCP.flags=R*    TCP.seq=7777
    IP()/TCP(sport=40000, dport=9, seq=100, flags="F")/b"data"    TCP.flags=RA    TCP.seq=0    TCP.ack=105

A Closed Port Answers With A Reset Over IPv6
    [Documentation]    As over IPv4.
    [Tags]    needs:tcp    needs:ipv6    rfc9293-3.10.7.1
    Packet Should Be Answered
    ...    IPv6()/TCP(sport=40000, dport=9, seq=100, flags="S")
    ...    TCP.flags=RA
    ...    TCP.seq=0
    ...    TCP.ack=101

A Damaged Segment Is Ignored
    [Documentation]    A wrong checksum, a header longer than the segment, and a reset that answers nothing.
    [Tags]    needs:tcp    negative    rfc9293-3.1
    [Template]    Packet Should Be Ignored
    IP()/TCP(sport=40000, dport=8080, flags="S", chksum=0xBEEF)
    IP()/TCP(sport=40000, dport=8080, flags="S", dataofs=15)
    IP()/TCP(sport=40000, dport=8080, flags="S", dataofs=4)
    IP()/TCP(sport=40000, dport=9, flags="R")

A Damaged Segment Over IPv6 Is Ignored
    [Documentation]    A wrong checksum.
    [Tags]    needs:tcp    needs:ipv6    negative    rfc9293-3.1
    Packet Should Be Ignored    IPv6()/TCP(sport=40000, dport=8080, flags="S", chksum=0xBEEF)

Segments In Any Order Give The Same Text
    [Documentation]    The frame has 20 bytes: swapped, repeated, overlapping, backwards.
    [Tags]    needs:websocket    rfc9293-3.10.7.4
    [Template]    Ranges Should Give The Text
    10-20    0-10
    0-10    0-10    10-20    10-20
    0-12    8-20
    10-20    4-12    10-20    0-4    0-8
    15-20    10-15    5-10    0-5

A Lost Answer Is Sent Again
    [Documentation]    The board waits for an acknowledgement and repeats what has got none.
    [Tags]    needs:websocket    rfc9293-3.8.1
    Open WebSocket
    Lose Next Segments Of Board
    Send Masked Text    again
    Text Should Arrive    again    rfc=RFC 9293, section 3.8.1

No Segment Is Longer Than Was Asked For
    [Documentation]    The board keeps to the maximum segment size of our SYN.
    [Tags]    needs:websocket    rfc9293-3.7.1
    Connect To Board    mss=${200}
    Send Upgrade Request
    Upgrade Should Be Answered With    101
    ${data}=    Bytes Of Length    ${1500}
    Send Masked Binary    ${data}
    Binary Should Arrive    ${data}
    ${longest}=    Longest Segment From Board
    Should Be Equal As Integers    ${longest}    200

A Closed Window Is Probed, And Nothing Is Lost
    [Documentation]    The board asks again and again whether there is room, and goes on when there is.
    [Tags]    needs:websocket    rfc9293-3.8.6.1
    Open WebSocket
    Set Window    0
    ${data}=    Bytes Of Length    ${1500}
    Send Masked Binary    ${data}
    Nothing Should Arrive    within=500 ms
    Board Should Probe Closed Window    within=5 s
    Set Window    65535
    Binary Should Arrive    ${data}

A Segment That Does Not Belong Does Not End A Connection
    [Documentation]    Resets and SYNs with other numbers than the expected one; acknowledgements of nothing.
    [Tags]    needs:websocket    negative    rfc5961-3.2    rfc5961-4.2
    [Template]    Segment Should Not Disturb
    R    seq=-70000
    R    seq=-1
    R    seq=1
    R    seq=1000
    R    seq=100000
    S    seq=1
    A    ack=5000
    A    seq=-1

A Reset With The Expected Number Ends It
    [Documentation]    The next segment is answered with a reset: nobody is there any more.
    [Tags]    needs:websocket    rfc5961-3.2    rfc9293-3.5.3
    Open WebSocket
    Inject Segment    R
    Send Ping    anyone?
    Connection Should End

Everything Is Acknowledged
    [Documentation]    Data and FIN, each byte and no more.
    [Tags]    needs:websocket    rfc9293-3.4
    Open WebSocket
    Connection Should Still Echo
    Half Close Connection
    Connection Should End
    Board Should Acknowledge Everything

A Half Closed Connection Still Gets Its Answer
    [Documentation]    Our FIN says that we send no more, not that we do not listen.
    [Tags]    needs:websocket    rfc9293-3.6
    Open WebSocket
    Send Masked Text    last words
    Half Close Connection
    Text Should Arrive    last words    rfc=RFC 9293, section 3.6

A Flood Of Half Open Connections Does Not Shut The Door
    [Documentation]    Forty SYNs that nobody follows up; a client who means it is let in.
    [Tags]    needs:websocket    negative    rfc4987
    FOR    ${number}    IN RANGE    40
        Send Packet    IP()/TCP(sport=${20000 + ${number}}, dport=8080, seq=${number}, flags="S")
        Run Board For    2 ms
    END
    Connection Should Be Possible Within    60 s


*** Keywords ***
Ranges Should Give The Text
    [Documentation]    Send a frame of 20 bytes in these ranges.
    [Arguments]    @{ranges}
    Open WebSocket
    Send Text In Ranges    fourteen bytes    @{ranges}
    Text Should Arrive    fourteen bytes    rfc=RFC 9293, section 3.10.7.4
    Nothing Should Arrive    within=500 ms
    Close WebSocket

Segment Should Not Disturb
    [Documentation]    Inject a segment into an open connection, which echoes on.
    [Arguments]    ${flags}    &{numbers}
    Open WebSocket
    Inject Segment    ${flags}    &{numbers}
    Connection Should Still Echo
    Close WebSocket
