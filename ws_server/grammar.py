"""The grammar of what the upgrade request is made of: tokens, lists, hosts, targets, extensions.

Everything is bytes as long as it can be: to make a str of them costs MicroPython a search for an equal one.
"""

from .compat import TYPE_CHECKING, const

if TYPE_CHECKING:
    from collections.abc import Iterator

_DIGITS = const(b"0123456789")
_HEX = const(b"0123456789abcdefABCDEF")
# Written out, as the board keeps literals in flash, and what is put together from them in its heap.
_BASE64 = const(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/")
# RFC 9110 section 5.6.2
_TOKEN = const(b"-abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+.^_`|~")
# RFC 3986 section 2: unreserved characters and sub-delimiters
_PLAIN = const(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~!$&'()*+,;=")
_LONGEST_IPV6 = 45  # six groups and an IPv4 address


def _only(text: bytes, alphabet: bytes) -> bool:
    """Whether `text` has nothing but bytes of `alphabet`, and at least one."""
    return bool(text) and not text.strip(alphabet)


def is_token(text: bytes) -> bool:
    """Whether `text` is a token (RFC 9110 section 5.6.2)."""
    return _only(text, _TOKEN)


def is_key(text: bytes) -> bool:
    """Whether `text` is 16 bytes in base64 (RFC 6455 section 4.2.1)."""
    return len(text) == 24 and text.endswith(b"==") and _only(text[:22], _BASE64)


def is_version(text: bytes) -> bool:
    """Whether `text` is an HTTP-version (RFC 9112 section 2.3)."""
    return (
        len(text) == 8
        and text.startswith(b"HTTP/")
        and text[6:7] == b"."
        and _only(text[5:6] + text[7:], _DIGITS)
    )


def parts(value: bytes, separator: bytes) -> "Iterator[bytes]":
    """What is between the separators, without blanks around it; nothing of nothing."""
    start = 0
    # One at a time: a list of all parts, most of them empty, is more than a small heap may have room for.
    while start < len(value):
        at = value.find(separator, start)
        end = at if at >= 0 else len(value)
        yield value[start:end].strip(b" \t")
        start = end + 1


def elements(value: bytes) -> list[bytes]:
    """Elements of a comma-separated list; empty ones do not count (RFC 9110 section 5.6.1)."""
    return [element for element in parts(value, b",") if element]


def is_host(value: bytes) -> bool:
    """Whether `value` is a host, perhaps with a colon and a port (RFC 9110 section 7.2); it may be empty."""
    if value.startswith(b"["):
        end = value.find(b"]")
        if end < 0 or not _is_ip_literal(value[1:end]):
            return False
        port = value[end + 1 :]
    else:
        colon = value.find(b":")
        end = colon if colon >= 0 else len(value)
        if not _is_reg_name(value[:end]):
            return False
        port = value[end:]
    return port in (b"", b":") or (port.startswith(b":") and _only(port[1:], _DIGITS))


def _is_reg_name(name: bytes) -> bool:
    """RFC 3986 section 3.2.2; IPv4 addresses are among them, and the empty name."""
    percent = name.find(b"%")
    while percent >= 0:
        if len(name) < percent + 3 or not _only(name[percent + 1 : percent + 3], _HEX):
            return False
        percent = name.find(b"%", percent + 1)
    return not name or _only(name, _PLAIN + b"%")


def _is_ip_literal(address: bytes) -> bool:
    """What may be between brackets (RFC 3986 section 3.2.2): an IPv6 address, or a future kind of address."""
    if address[:1] in (b"v", b"V"):
        dot = address.find(b".")
        return dot > 1 and _only(address[1:dot], _HEX) and _only(address[dot + 1 :], _PLAIN + b":")
    if len(address) > _LONGEST_IPV6:
        return False
    gap = address.find(b"::")
    if gap < 0:
        return _groups(address) == 8
    before = _groups(address[:gap]) if gap else 0
    after = _groups(address[gap + 2 :]) if len(address) > gap + 2 else 0
    return before >= 0 and after >= 0 and before + after <= 7 and b"." not in address[:gap]


def _groups(text: bytes) -> int:
    """How many groups of 16 bits a part of an IPv6 address has; -100 if it is none."""
    count = 0
    groups = text.split(b":")
    for index, group in enumerate(groups):
        if index == len(groups) - 1 and b"." in group:
            if not _is_ipv4(group):
                return -100
            count += 2
        elif len(group) > 4 or not _only(group, _HEX):
            return -100
        else:
            count += 1
    return count


def _is_ipv4(text: bytes) -> bool:
    octets = text.split(b".")
    for octet in octets:
        if not _only(octet, _DIGITS) or len(octet) > 3 or int(octet) > 255:
            return False
        if len(octet) > 1 and octet.startswith(b"0"):
            return False
    return len(octets) == 4


def target_host(target: bytes) -> bytes | None:
    """The host that a request target names, with its port; b"" for an absolute path, which names none.

    None if it is neither a path nor a URI of http or https: the other forms of RFC 9112 section 3.2 are for
    other methods than GET, and other schemes are not for the opening handshake (RFC 6455 section 4.1).
    """
    if b"#" in target:
        return None
    if target.startswith(b"/"):
        return b""
    colon = target.find(b"://")
    if colon < 0 or target[:colon].lower() not in (b"http", b"https"):
        return None
    start = colon + 3
    end = len(target)
    for stop in (b"/", b"?"):
        at = target.find(stop, start)
        if 0 <= at < end:
            end = at
    host = target[start:end]
    # Neither without a host nor with the name of a user (RFC 9110 section 4.2).
    return host if host and not host.startswith(b":") and is_host(host) else None


def is_extension_list(value: bytes) -> bool:
    """Whether `value` is what Sec-WebSocket-Extensions may hold (RFC 6455 section 9.1)."""
    found = False
    # A comma or semicolon within quotes would be no token, so that there is none that does not separate.
    for extension in parts(value, b","):
        if extension:
            if extension.endswith(b";"):
                return False
            found = True
            first = True
            for part in parts(extension, b";"):
                if not (is_token(part) if first else _is_parameter(part)):
                    return False
                first = False
    return found


def _is_parameter(text: bytes) -> bool:
    equals = text.find(b"=")
    if equals < 0:
        return is_token(text)
    value = text[equals + 1 :].strip(b" \t")
    if value.startswith(b'"'):
        if len(value) < 2 or not value.endswith(b'"'):
            return False
        value = value[1:-1]
        if value.endswith(b"\\") or b"\\\\" in value:  # quotes the quote, or itself
            return False
        value = value.replace(b"\\", b"")
    return is_token(text[:equals].strip(b" \t")) and is_token(value)
