*** Settings ***
Documentation    Below TCP: ARP, IPv4, ICMP, UDP, IPv6 and neighbour discovery.
...
...              What the board has to answer is answered with the right numbers. A packet that is damaged, for
...              somebody else or makes no sense is dropped without a word, and the board serves on.

Library          bench.robot.BoardLibrary

Test Teardown    Conclude Test

Test Tags        layer:ip    fast

Name             IP Robustness


*** Variables ***
${SOLICITATION}    ICMPv6ND_NS(tgt="2001:db8::1")/ICMPv6NDOptSrcLLAddr(lladdr="00:00:5e:00:53:02")


*** Test Cases ***
The Board Tells Its Own Address
    [Documentation]    ARP: broadcast, unicast, and a probe from an address nobody has yet (RFC 5227).
    [Tags]    needs:arp    layer:arp    rfc826    rfc5227-2.1
    [Template]    Packet Should Be Answered
    Ether(dst="ff:ff:ff:ff:ff:ff")/ARP(op=1, pdst="192.0.2.1")    ARP.op=2    ARP.psrc=192.0.2.1    ARP.hwlen=6
    Ether()/ARP(op=1, pdst="192.0.2.1")    ARP.op=2    ARP.psrc=192.0.2.1    ARP.plen=4
    Ether(dst="ff:ff:ff:ff:ff:ff")/ARP(op=1, psrc="0.0.0.0", pdst="192.0.2.1")    ARP.op=2    ARP.pdst=0.0.0.0

ARP For Somebody Else Is Ignored
    [Documentation]    Other addresses, and a frame for another station.
    [Tags]    needs:arp    layer:arp    rfc826
    [Template]    Packet Should Be Ignored
    Ether(dst="ff:ff:ff:ff:ff:ff")/ARP(op=1, pdst="192.0.2.3")
    Ether(dst="ff:ff:ff:ff:ff:ff")/ARP(op=1, pdst="192.0.2.255")
    Ether(dst="ff:ff:ff:ff:ff:ff")/ARP(op=1, pdst="0.0.0.0")
    Ether(dst="00:00:5e:00:53:99")/ARP(op=1, pdst="192.0.2.1")

Malformed ARP Is Ignored
    [Documentation]    Another hardware or protocol, operations that are no request.
    [Tags]    needs:arp    layer:arp    negative    rfc826
    [Template]    Packet Should Be Ignored
    Ether(dst="ff:ff:ff:ff:ff:ff")/ARP(hwtype=6, pdst="192.0.2.1")
    Ether(dst="ff:ff:ff:ff:ff:ff")/ARP(ptype=0x86DD, psrc="2001:db8::2", pdst="2001:db8::1")
    Ether(dst="ff:ff:ff:ff:ff:ff")/ARP(op=0, pdst="192.0.2.1")
    Ether(dst="ff:ff:ff:ff:ff:ff")/ARP(op=3, pdst="192.0.2.1")

An Echo Request Comes Back With Its Data
    [Documentation]    ICMP: identifier, number and data are those of the request.
    [Tags]    needs:ping    layer:icmp    rfc792    rfc1122-3.2.2.6
    [Template]    Packet Should Be Answered
    IP()/ICMP(id=0x1234, seq=1)/b"abc"    ICMP.type=0    ICMP.id=0x1234    ICMP.seq=1    Raw.load=abc
    IP()/ICMP(id=0xffff, seq=0xffff)/b"odd"    ICMP.type=0    ICMP.id=0xffff    ICMP.seq=0xffff    IP.src=192.0.2.1
    IP(options=b"\\x01\\x01\\x01\\x01")/ICMP(id=3)/b"options"    ICMP.type=0    ICMP.id=3    IP.dst=192.0.2.2

An ICMPv6 Echo Request Comes Back With Its Data
    [Documentation]    As for ICMP.
    [Tags]    needs:ipv6    layer:icmp    rfc4443-4.2
    Packet Should Be Answered
    ...    IPv6()/ICMPv6EchoRequest(id=7, seq=8, data=b"abc")
    ...    ICMPv6EchoReply.id=7
    ...    ICMPv6EchoReply.seq=8
    ...    ICMPv6EchoReply.data=abc

A Damaged IPv4 Header Is Ignored
    [Documentation]    Version, lengths and checksum are checked before anything else.
    [Tags]    needs:ping    negative    rfc791-3.1    rfc1122-3.2.1
    [Template]    Packet Should Be Ignored
    IP(chksum=0xBEEF)/ICMP()/b"abc"
    IP(version=6)/ICMP()
    IP(ihl=4)/ICMP()
    IP(ihl=15)/ICMP()
    IP(len=400)/ICMP()
    IP(len=10)/ICMP()

A Packet From Or For An Impossible Address Is Ignored
    [Documentation]    The board is not a router, and answers no group and no loopback.
    [Tags]    needs:ping    negative    rfc1122-3.2.1.3
    [Template]    Packet Should Be Ignored
    IP(dst="192.0.2.3")/ICMP()
    IP(src="127.0.0.1")/ICMP()
    IP(src="255.255.255.255")/ICMP()
    IP(src="224.0.0.1")/ICMP()

An ICMP Message That Is No Request Is Ignored
    [Documentation]    A damaged one, a reply nobody asked for, a type of ICMPv6.
    [Tags]    needs:ping    layer:icmp    negative    rfc792    rfc1122-3.2.2
    [Template]    Packet Should Be Ignored
    IP()/ICMP(chksum=0xBEEF)/b"abc"
    IP()/ICMP(type=0)/b"abc"
    IP()/ICMP(type=128)/b"abc"
    IP(proto=1)/b"abc"

The First Fragment Alone Is Not Answered
    [Documentation]    What is missing is not made up.
    [Tags]    needs:ping    needs:fragments    rfc791-3.2
    Packet Should Be Ignored    IP(flags="MF", id=77)/ICMP(id=8)/bytes(64)

A UDP Port Where Nobody Listens Is Reported
    [Documentation]    Port unreachable: ICMP type 3 code 3.
    [Tags]    needs:udp    layer:udp    rfc1122-4.1.3.1
    Packet Should Be Answered
    ...    IP()/UDP(sport=5000, dport=9)/b"anybody?"
    ...    ICMP.type=3
    ...    ICMP.code=3

A UDP Port Where Nobody Listens Is Reported Over IPv6
    [Documentation]    Port unreachable: ICMPv6 type 1 code 4.
    [Tags]    needs:udp    needs:ipv6    layer:udp    rfc4443-3.1
    Packet Should Be Answered
    ...    IPv6()/UDP(sport=5000, dport=9)/b"anybody?"
    ...    ICMPv6DestUnreach.type=1
    ...    ICMPv6DestUnreach.code=4

A Damaged UDP Datagram Is Ignored
    [Documentation]    The checksum is checked before anybody is told.
    [Tags]    needs:udp    layer:udp    negative    rfc768
    Packet Should Be Ignored    IP()/UDP(sport=5000, dport=9, chksum=0xBEEF)/b"anybody?"

A Damaged UDP Datagram Over IPv6 Is Ignored
    [Documentation]    As over IPv4, where alone a checksum may be left out.
    [Tags]    needs:udp    needs:ipv6    layer:udp    negative    rfc8200-8.1
    Packet Should Be Ignored    IPv6()/UDP(sport=5000, dport=9, chksum=0xBEEF)/b"anybody?"

The Board Answers For Its IPv6 Address
    [Documentation]    Neighbour discovery: a solicited advertisement with the board's own address.
    [Tags]    needs:ipv6    layer:ipv6    rfc4861-7.2.4
    Packet Should Be Answered
    ...    IPv6(dst="ff02::1:ff00:1", hlim=255)/${SOLICITATION}
    ...    ICMPv6ND_NA.S=1
    ...    ICMPv6ND_NA.tgt=2001:db8::1

Neighbour Discovery From Beyond The Link Is Ignored
    [Documentation]    A hop limit below 255 says that a router has passed it on.
    [Tags]    needs:ipv6    layer:ipv6    negative    rfc4861-7.1.1
    Packet Should Be Ignored
    ...    IPv6(dst="ff02::1:ff00:1", hlim=254)/${SOLICITATION}

A Damaged ICMPv6 Message Is Ignored
    [Documentation]    Its checksum is not optional.
    [Tags]    needs:ipv6    layer:ipv6    negative    rfc4443-2.3
    Packet Should Be Ignored    IPv6()/ICMPv6EchoRequest(id=7, cksum=0xBEEF, data=b"abc")
