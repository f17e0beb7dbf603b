"""A TAP: an Ethernet interface of this machine whose cable ends in a file (Linux, networking/tuntap).

One that is made here needs the right to administer the network (CAP_NET_ADMIN) and is gone when the file is
closed, however the process ends. One that an administrator has made for a user is opened with no such right,
and stays.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import ipaddress
import os
import re
import socket
import struct
from dataclasses import replace
from pathlib import Path
from typing import Self

from bench.addresses import Station, host_beside
from emulation.errors import UserError

CLONE = Path("/dev/net/tun")
TUNSETIFF = 0x400454CA
IFF_TAP, IFF_NO_PI = 0x0002, 0x1000
"""linux/if_tun.h; frames come without a header of the driver's."""
SIOCGIFFLAGS, SIOCSIFFLAGS = 0x8913, 0x8914
SIOCSIFADDR, SIOCSIFNETMASK, SIOCSIFHWADDR = 0x8916, 0x891C, 0x8924
"""linux/sockios.h."""
RTM_NEWADDR, NLM_F_REQUEST, NLM_F_ACK = 20, 1, 4
IFA_ADDRESS, IFA_F_NODAD = 1, 2
"""linux/rtnetlink.h, linux/netlink.h, linux/if_addr.h."""
IFF_UP = 1
ARPHRD_ETHER = 1
LARGEST = 65536
"""Bytes of a frame that is read: more than any MTU."""
NAME = re.compile(r"[!-.0-~]{1,15}")
"""What the kernel takes for a name, without a slash (IFNAMSIZ is 16)."""

HOST = Station("this machine", "00:00:5e:00:53:03", "192.0.2.3", "2001:db8::3", "fe80::200:5eff:fe00:5303")
"""This machine on the board's segment. The bench's own station is another one: the kernel would reset the
connections of a station that is its own and that it knows nothing of."""


def host_beside_both(board: Station, bench: Station | None = None) -> Station:
    """A station for this machine beside the board, with addresses that neither board nor bench has.

    `bench` is where the bench is if not at its usual place. Raises UserError where there is no room.
    """
    bench = bench or host_beside(board)
    free6 = ipaddress.IPv6Address(HOST.ip6)
    while str(free6) in (board.ip6, bench.ip6):
        free6 += 1
    network = ipaddress.IPv4Interface(f"{board.ip}/{board.prefix}").network
    taken = {ipaddress.IPv4Address(each.ip) for each in (board, bench)}
    taken |= {network.network_address, network.broadcast_address}
    first = int(ipaddress.IPv4Address(board.ip))
    near = (ipaddress.IPv4Address(first + step) for step in (2, 1, -1, -2, 3, -3, 4, -4))
    for address in (ipaddress.IPv4Address(HOST.ip), *near):
        if address in network and address not in taken:
            return replace(HOST, ip=str(address), prefix=board.prefix, ip6=str(free6))
    raise UserError(f"the network {network} has no room for this machine", "give the board a wider prefix")


class TapDevice:
    """The interface `name`, made if there is none of that name; `made` tells. Closing it gives it back.

    One that is made has the addresses of `station` and is up. Raises UserError.
    """

    def __init__(self, name: str, station: Station = HOST) -> None:
        self.name, self.station = name, station
        if not NAME.fullmatch(name) or name in (".", ".."):
            raise UserError(
                f"{name!r} cannot be the name of a network interface",
                "give up to 15 letters and digits: --tap board0",
            )
        self.made = name not in {found for _, found in socket.if_nameindex()}
        self._file = _open()
        try:
            fcntl.ioctl(self._file, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TAP | IFF_NO_PI))
        except OSError as error:
            self.close()
            raise self._refused(error) from None
        if self.made:
            try:
                self._set_up()
            except OSError as error:
                self.close()
                raise UserError(
                    f"cannot give the TAP {name} its addresses: {error.strerror}",
                    "make it yourself, with its addresses, and name it here; docs/live.md has the commands",
                ) from None

    def fileno(self) -> int:
        """The file, for a loop that waits."""
        return self._file

    def read(self) -> bytes | None:
        """The next frame of this machine; None if there is none now. Raises OSError once it is gone."""
        try:
            return os.read(self._file, LARGEST)
        except (BlockingIOError, InterruptedError):
            return None

    def write(self, frame: bytes) -> bool:
        """Give this machine a frame; False if it does not take it: its queue is full, or it is down."""
        try:
            os.write(self._file, frame)
        except OSError:
            return False
        return True

    def close(self) -> None:
        """Unplug it; one that was made here is gone then."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _refused(self, error: OSError) -> UserError:
        match error.errno:
            case errno.EPERM:
                return UserError(
                    f"this user may not {'make' if self.made else 'use'} the TAP {self.name}",
                    f"as root, once: ip tuntap add dev {self.name} mode tap user NAME (docs/live.md goes on);"
                    " without --tap no right is needed",
                )
            case errno.EBUSY:
                return UserError(
                    f"the TAP {self.name} is used by another program", "end that, or name another one"
                )
            case errno.EINVAL:
                return UserError(f"the interface {self.name} is no TAP", "name another one")
            case _:
                return UserError(f"cannot use the TAP {self.name}: {error.strerror}", "name another one")

    def _set_up(self) -> None:
        """Addresses, then up."""
        station = self.station
        name = self.name.encode()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
            mac = bytes.fromhex(station.mac.replace(":", ""))
            fcntl.ioctl(control, SIOCSIFHWADDR, struct.pack("16sH14s", name, ARPHRD_ETHER, mac))
            network = ipaddress.ip_interface(f"{station.ip}/{station.prefix}")
            for request, address in ((SIOCSIFADDR, network.ip), (SIOCSIFNETMASK, network.netmask)):
                fcntl.ioctl(
                    control, request, struct.pack("16sHH4s8x", name, socket.AF_INET, 0, address.packed)
                )
            flags = struct.unpack("16sH22x", fcntl.ioctl(control, SIOCGIFFLAGS, struct.pack("16s24x", name)))[
                1
            ]
            fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack("16sH22x", name, flags | IFF_UP))
        # A machine without IPv6 can still use the board's IPv4.
        with contextlib.suppress(OSError):
            _add_ipv6(socket.if_nametoindex(self.name), station)


def _add_ipv6(index: int, station: Station) -> None:
    """Give an interface the address at once, without asking the segment whether somebody has it.

    For as long as the kernel asks, connections begin from whatever other address the machine has, and the
    board has no way back to that.
    """
    address = ipaddress.IPv6Address(station.ip6).packed
    about = struct.pack("=BBBBI", socket.AF_INET6, station.prefix6, IFA_F_NODAD, 0, index)
    about += struct.pack("=HH16s", 4 + len(address), IFA_ADDRESS, address)
    header = struct.pack("=IHHII", 16 + len(about), RTM_NEWADDR, NLM_F_REQUEST | NLM_F_ACK, 1, 0)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as kernel:
        kernel.send(header + about)
        answer = kernel.recv(4096)
    (error,) = struct.unpack_from("=i", answer, 16)
    if error:
        raise OSError(-error, os.strerror(-error))


def _open() -> int:
    try:
        return os.open(CLONE, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise UserError(
            f"there is no {CLONE} on this machine",
            "load the module `tun` as root, or give the container the device (--device /dev/net/tun);"
            " without --tap none is needed",
        ) from None
    except OSError as error:
        raise UserError(
            f"cannot open {CLONE}: {error.strerror}",
            "run as a user who may, or leave --tap away: the board's ports are reached without",
        ) from None
