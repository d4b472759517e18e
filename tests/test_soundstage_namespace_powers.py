"""The filter of system calls: judged by an interpreter of its own, instruction by instruction, for each machine."""

import errno
import struct

import pytest

from soundstage.namespace_powers import ALLOWED_FAMILIES, MACHINES, UnknownMachine, socket_filter

X86, X86_32 = 0xC000003E, 0x40000003
ALLOW = 0x7FFF0000


def answered(program: bytes, architecture: int, number: int, *arguments: int) -> int | None:
    """The errno that a call gets, or None: it is let through. Classic BPF, as seccomp(2) runs it."""
    padded = [*arguments, *[0] * (6 - len(arguments))]
    data = struct.pack("<IIQ6Q", number, architecture, 0, *padded)
    instructions = list(struct.iter_unpack("<HBBI", program))
    held, at = 0, 0
    while True:
        code, then, otherwise, value = instructions[at]
        at += 1
        if code == 0x20:
            held = struct.unpack_from("<I", data, value)[0]
        elif code == 0x06:
            return None if value == ALLOW else value & 0xFFFF
        else:
            assert code in (0x15, 0x35)
            at += then if (held == value if code == 0x15 else held >= value) else otherwise


@pytest.mark.parametrize(
    ("number", "arguments", "expected"),
    [
        pytest.param(41, (1,), None, id="unix-socket"),
        pytest.param(41, (2,), None, id="ipv4-socket"),
        pytest.param(41, (10,), None, id="ipv6-socket"),
        pytest.param(41, (40,), errno.EAFNOSUPPORT, id="vsock-reaches-the-host-of-a-virtual-machine"),
        pytest.param(41, (31,), errno.EAFNOSUPPORT, id="bluetooth"),
        pytest.param(53, (1,), None, id="unix-pair"),
        pytest.param(53, (40,), errno.EAFNOSUPPORT, id="vsock-pair"),
        pytest.param(425, (), errno.ENOSYS, id="io-uring-makes-sockets-past-filters"),
        pytest.param(249, (), errno.ENOSYS, id="asking-a-name-of-the-kernels-resolver-outside"),
        pytest.param(250, (), errno.ENOSYS, id="keyrings-are-nobodys-namespace"),
        pytest.param(16, (0, 0x5412), errno.EPERM, id="typing-into-the-terminal"),
        pytest.param(16, (0, 0x541C), errno.EPERM, id="typing-into-the-console"),
        pytest.param(16, (0, 0x5413), None, id="asking-the-size-of-the-terminal"),
        pytest.param(16, (0, 0x7_0000_5412), errno.EPERM, id="typing-with-high-bits-that-the-kernel-ignores"),
        pytest.param(0x40000000 | 41, (40,), errno.ENOSYS, id="x32-has-numbers-of-its-own"),
        pytest.param(59, (), None, id="anything-else"),
    ],
)
def test_64_bit_calls(number: int, arguments: tuple[int, ...], expected: int | None) -> None:
    assert answered(socket_filter("x86_64"), X86, number, *arguments) == expected


@pytest.mark.parametrize(
    ("number", "arguments", "expected"),
    [
        pytest.param(359, (40,), errno.EAFNOSUPPORT, id="vsock"),
        pytest.param(359, (2,), None, id="ipv4-socket"),
        pytest.param(102, (1,), errno.ENOSYS, id="socketcall-hides-its-arguments"),
        pytest.param(54, (0, 0x5412), errno.EPERM, id="typing-into-the-terminal"),
        pytest.param(41, (40,), None, id="another-call-has-that-number-here"),
    ],
)
def test_32_bit_calls_of_the_same_machine(number: int, arguments: tuple[int, ...], expected: int | None) -> None:
    assert answered(socket_filter("x86_64"), X86_32, number, *arguments) == expected


@pytest.mark.parametrize("machine", MACHINES)
def test_every_machine_refuses_what_no_namespace_holds(machine: str) -> None:
    program = socket_filter(machine)
    for calls in MACHINES[machine]:
        assert answered(program, calls.architecture, calls.socket, 40) == errno.EAFNOSUPPORT
        assert {answered(program, calls.architecture, number) for number in calls.refused} == {errno.ENOSYS}
        assert all(answered(program, calls.architecture, calls.socket, family) is None for family in ALLOWED_FAMILIES)


def test_programs_of_an_unknown_architecture_can_do_nothing() -> None:
    assert answered(socket_filter("x86_64"), 0xC0000016, 1) == errno.ENOSYS


def test_an_unknown_processor_is_refused() -> None:
    with pytest.raises(UnknownMachine, match="sparc64"):
        socket_filter("sparc64")
