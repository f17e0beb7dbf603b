*** Settings ***
Documentation    The catalogue of malformed frames: what a station has to survive, layer by layer.
...
...              A row is an entry of the catalogue; of each group of its variants ``${VARIANTS}`` are run here.
...              ``bench cases run --all`` runs all of them, and docs/cases.md lists them with their sources.
...              Each case starts in its own state of the board and is judged by what comes back, by the health
...              of the guest, by what it still does for others, and by whether it gives everything back.

Library          bench.robot.BoardLibrary

Test Template    Entry

Test Tags        negative    catalogue    needs:websocket    needs:lwip    needs:python    slow


*** Variables ***
${VARIANTS}    ${2}


*** Test Cases ***
Malformed Ethernet
    [Documentation]    Frames that end too early or too late, are too long, damaged, or say what they do not hold.
    [Tags]    layer:ethernet    rfc894
    1    A frame shorter than 60 bytes, cut off in any header
    2    A frame with bytes after the end of its packet
    3    A frame longer than 1518 bytes, and more frames than the receive ring holds
    4    A frame with a wrong frame check sequence
    5    An unknown EtherType, a length instead of one, and a type that lies about its packet
Malformed ARP
    [Documentation]    Only requests and answers for IPv4 on Ethernet mean anything.
    [Tags]    layer:arp    rfc826
    6    ARP with address lengths other than 6 and 4, another operation, or cut off
Malformed IPv4 Headers
    [Documentation]    What cannot be, or comes from where nobody is, is dropped without an answer.
    [Tags]    layer:ip    rfc791-3.1
    7    A version other than 4
    8    A header length below 5 words, or beyond the packet
    9    A total length beyond the frame
    10    A total length below the header's own
    11    A wrong header checksum
    12    A packet from 127.0.0.1, or from the board's own address
    13    A packet from a broadcast or multicast address
Malformed IPv4 Options And Fragments
    [Documentation]    No option leads outside of its header, and no fragment takes a buffer for good.
    [Tags]    layer:ip    rfc791-3.1    rfc791-3.2
    14    An option of length 0 or 1, or beyond the header
    15    Source routes: loose, strict, two of them, with a pointer that leads outside
    16    Lone, overlapping and impossible fragments
    17    A packet inside a packet
    18    A time to live of 0 or 1 in a packet for the board
Malformed IPv6
    [Documentation]    Headers without end, beyond the packet or in a wrong order, and what no router has sent.
    [Tags]    layer:ipv6    rfc8200-4
    19    An option beyond its header, or a header beyond the packet
    20    A chain of extension headers without end, or in an order that is not allowed
    21    Overlapping, atomic and impossible fragments
    22    Router advertisements and solicitations with options of length 0, or from beyond a router
    71    A multicast listener query from beyond the link, or without what marks one
Malformed ICMP And ICMPv6
    [Documentation]    What is no proper request gets no answer; a quoted packet is not taken at its word.
    [Tags]    layer:icmp    rfc792    rfc4443
    23    An echo request with a wrong checksum
    24    An echo request shorter than its header
    25    A message of ICMPv6 over IPv4, and the other way round
    26    An echo request to a broadcast address, and one with options
    27    Unreachable that quotes a packet cut short, source quench, an absurd MTU
Malformed TCP Headers And Options
    [Documentation]    No length is believed that leads beyond the segment.
    [Tags]    layer:tcp    rfc9293-3.1    rfc9293-3.2
    28    Data offset below 5, or beyond the segment
    29    A wrong checksum
    30    An option of length 0 or 1, or beyond the header
    31    An MSS option that the header cuts short, or of a wrong length
    32    An MSS of 0, 1 and a few bytes more
    33    A SACK option of a corrupt length
    34    URG with a pointer of 0, or beyond the data
TCP Segments That Do Not Fit
    [Documentation]    What does not belong to a connection neither ends nor disturbs it.
    [Tags]    layer:tcp    rfc9293-3.10.7    rfc5961
    35    No flags, all flags, SYN+FIN, SYN+RST
    36    SYN to or from a broadcast or multicast address
    37    A segment to a closed port, or an ACK to a listening one
    38    RST and SYN outside the window, and inside it but not at the number expected
    39    An acknowledgement of data that the board has not sent
    40    Duplicate, overlapping and reordered segments
TCP Floods, Windows And Ends
    [Documentation]    Whoever asks too much, or stops half-way, takes nothing from the others for good.
    [Tags]    layer:tcp    rfc9293-3.8.6    rfc4987
    41    More SYNs than there is room for, and a SYN during teardown
    42    The window closes while the board sends
    43    FIN in the handshake, and a half-closed connection
    44    Initial sequence numbers of consecutive connections
TCP Sequences
    [Documentation]    Two or three segments of one connection, in any order, do not stop the board.
    [Tags]    layer:tcp    rfc9293-3.10.7.4
    66    A FIN out of order within the window, then data up to it and beyond
    67    A segment out of order that reaches past the window, then what fills the window
    68    An MSS option on a segment within a connection, while data wait to be sent
    69    A window that is closed from the SYN on, and then opens by a few bytes
    70    The last byte is acknowledged that a probe of the closed window has brought
Malformed Upgrade Requests
    [Documentation]    A request that breaks a rule is refused with the status that says so, however it comes.
    [Tags]    layer:http    rfc6455-4.2.1
    45    A Sec-WebSocket-Key that is missing or not 16 bytes in base64
    46    A line without CRLF, a line or a head beyond the limit, too many headers
    47    Another upgrade, version or method
    48    A request in segments of one byte, and one that never ends
    49    A list of sub-protocols of spaces, duplicates, or a hundred entries
Malformed WebSocket Frames
    [Documentation]    A frame that no client may send closes the connection with 1002, a long one with 1009.
    [Tags]    layer:websocket    rfc6455-5.1    rfc6455-5.2
    50    A frame that is not masked
    51    A reserved bit or a reserved opcode
    52    A control frame of more than 125 bytes, or fragmented
    53    A continuation of nothing, or a new message inside a fragmented one
    54    A length that does not have its shortest form
    55    A 64-bit length with its most significant bit set
    56    A message longer than max_payload
    57    Fragments that sum to more than max_payload
Malformed WebSocket Messages
    [Documentation]    Fragments, texts and closing handshakes that break a rule close the connection.
    [Tags]    layer:websocket    rfc6455-5.4    rfc6455-8.1
    58    Empty fragments, or fragments of one byte, without end
    59    Text or a close reason that is not UTF-8
    60    A close frame with a payload of one byte, or with a code that may not be sent
    61    Data and a ping after a close frame
    62    Ten pings in one segment, and a ping between fragments
    63    A frame that a TCP reset cuts off
    64    RSV1 although no compression was negotiated
    65    Every byte of the masking key, and payloads of every form of length


*** Keywords ***
Entry
    [Documentation]    Run the cases of one entry.
    [Arguments]    ${number}    ${title}
    Entry Should Be Kept    ${number}    ${title}    ${VARIANTS}
