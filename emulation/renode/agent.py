"""What runs inside Renode: does what the bench asks for, in virtual time.

IronPython 2.7, loaded by the monitor's `include`, which gives it the names `monitor` and `clr`.
Requests come as lines from one named pipe, each is answered with a line on another: `ok` and the result, or
`error` and the reason. The end of the requests ends Renode. Nothing listens on a network port.

Renode grants the machine one interval of time after the other. Between two of them it calls `Stage.hook`,
and that is where the emulation stands still while the bench thinks. So nothing happens in Renode but what a
request says, and the same requests give the same run. An interval ends sooner than asked for when a frame is
due, and is the shorter the more is going on: what the board sends or prints is noticed at the end of the
interval, but carries the time at which it happened.
"""

import clr
import System
from Antmicro.Renode.Core import EmulationManager
from Antmicro.Renode.Network import EthernetFrame
from Antmicro.Renode.Peripherals.Network import IMACInterface
from Antmicro.Renode.Peripherals.UART import IUART
from Antmicro.Renode.Time import MasterTimeSource, TimeDomainsManager, TimeInterval, TimeStamp
from System import Action, Array, Byte, Enum
from System.IO import FileAccess, FileMode, FileShare
from System.Reflection import BindingFlags
from System.Threading import AutoResetEvent, Thread, ThreadStart

TICKS = int(TimeInterval.FromMilliseconds(1).Ticks) // 1000
"""Renode's ticks in a microsecond: one in old versions, a thousand in new ones."""
SHORTEST = 100
LONGEST = 3200
"""Microseconds of the intervals granted: short ones where something happens, doubled while nothing does."""
LANDING = 10
"""Microseconds before it is due that a frame is handed over: Renode delivers it at the end of an interval."""


class Stage(object):
    """The emulation of the moment: the machine in it, and what it has put out."""

    def __init__(self, ethernet, console):
        self.emulation = EmulationManager.Instance.CurrentEmulation
        self.source = self.emulation.MasterTimeSource
        self.machine = next(iter(self.emulation.Machines))
        self.bus = self.machine.SystemBus
        self.cpu = self.machine["sysbus.cpu"]
        self.ethernet = self.machine["sysbus." + ethernet]
        self.console = self.machine["sysbus." + console]
        self.interval = SHORTEST
        self.until = 0
        self.wake = ""
        self.due = []
        self.frames = []
        self.printed = []
        self.noticed = 0
        self.started = False
        self.leaving = False
        self.halted = AutoResetEvent(False)
        self.proceed = AutoResetEvent(False)
        self.attach()

    def attach(self):
        """Listen to the board."""
        clr.Convert(self.ethernet, IMACInterface).FrameReady += self.sent
        clr.Convert(self.console, IUART).CharReceived += self.wrote
        self.source.SyncHook += self.hook

    def detach(self):
        """Let go of the board, as Renode cannot save what is written in Python."""
        clr.Convert(self.ethernet, IMACInterface).FrameReady -= self.sent
        clr.Convert(self.console, IUART).CharReceived -= self.wrote
        self.source.SyncHook -= self.hook

    def sent(self, frame):
        """The board has sent a frame; it comes with its FCS."""
        _known, stamp = TimeDomainsManager.Instance.TryGetVirtualTimeStamp()
        self.frames.append("%d:%s" % (int(stamp.TimeElapsed.Ticks) // TICKS, encode(frame.Bytes)))

    def wrote(self, byte):
        """The board has printed a byte."""
        self.printed.append(int(byte))

    @property
    def now(self):
        """Microseconds since the start of the emulation."""
        return int(self.source.ElapsedVirtualTime.Ticks) // TICKS

    @property
    def arrived(self):
        """Whether what the last request waits for is there."""
        woken = ("f" in self.wake and self.frames) or ("u" in self.wake and self.printed)
        return woken or self.now >= self.until

    def hook(self, elapsed):
        """Between two intervals: stand still, or choose the next one."""
        if self.leaving:
            return
        seen = len(self.frames) + len(self.printed)
        if seen > self.noticed:
            self.interval = SHORTEST
        elif self.interval < LONGEST:
            self.interval *= 2
        self.noticed = seen
        while self.arrived:
            self.stand()
            if self.leaving:
                return
        self.choose()

    def stand(self):
        """Let nothing go on until the next request."""
        self.halted.Set()
        self.proceed.WaitOne()

    def choose(self):
        """Say how long the next interval is, and hand over the frame that is to arrive at its end."""
        now = self.now
        end = min(self.until, now + self.interval)
        if self.due:
            at, frame = self.due[0]
            if at - LANDING <= now:
                del self.due[0]
                self.deliver(Array[Byte](decode(frame)))
                self.interval = SHORTEST
                end = max(at, now + 1)
            else:
                end = min(end, at - LANDING)
        # The machine divides the time that it is granted once more.
        self.source.Quantum = self.machine.LocalTimeSource.Quantum = TimeInterval.FromTicks(
            (end - now) * TICKS
        )

    def deliver(self, data):
        """Have the Ethernet controller receive a frame (with its FCS) at the end of the coming interval."""
        receive = Action[EthernetFrame](clr.Convert(self.ethernet, IMACInterface).ReceiveFrame)
        now = TimeStamp(TimeInterval.Empty, EmulationManager.ExternalWorld)
        self.machine.HandleTimeDomainEvent[EthernetFrame](receive, envelope(data), now)

    def run(self, until, wake):
        """Run to `until`, or to the end of the interval in which something happened that is in `wake`."""
        self.until = until
        self.wake = wake
        if self.arrived:
            return
        if self.started:
            self.proceed.Set()
        else:
            self.started = True
            self.choose()
            self.emulation.ExternalsManager.Start()
            self.machine.Start()
            self.source.Start()
        self.halted.WaitOne()

    def stop(self):
        """Let Renode pause everything, at exactly this moment."""
        if not self.started:
            return
        running = clr.GetClrType(MasterTimeSource).GetField(
            "isStarted", BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.FlattenHierarchy
        )
        pauses = Thread(ThreadStart(self.emulation.PauseAll))
        pauses.Start()
        # It waits for the thread that stands in the hook, which may only go on when it will end there.
        while running.GetValue(self.source):
            Thread.Sleep(1)
        self.leaving = True
        self.proceed.Set()
        pauses.Join()
        self.leaving = False
        self.started = False


class Lines(object):
    """Lines from a pipe. Mono's own readers wait for more than a line where there is a long one."""

    def __init__(self, path):
        # A buffer of one byte: none.
        self.stream = System.IO.FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, 1)
        self.chunk = Array.CreateInstance(Byte, 65536)
        self.text = ""

    def next(self):
        """The next line, without its end; None if there are no more."""
        while "\n" not in self.text:
            count = self.stream.Read(self.chunk, 0, self.chunk.Length)
            if count == 0:
                return None
            self.text += System.Text.Encoding.ASCII.GetString(self.chunk, 0, count)
        line, _, self.text = self.text.partition("\n")
        return line


stage = None
folder = ""
"""Where states are saved: beside the pipes."""


def encode(data):
    """Bytes as hexadecimal digits."""
    return System.BitConverter.ToString(data).Replace("-", "")


def decode(digits):
    """Hexadecimal digits as a list of bytes."""
    return [int(digits[i : i + 2], 16) for i in range(0, len(digits), 2)]


def envelope(data):
    """A frame as Renode hands it from model to model, from its bytes.

    Renode takes the packets inside apart and refuses malformed ones, which are the point here. So the frame
    is made with a type that has nothing inside, and gets its own type back.
    """
    kind = data[12] << 8 | data[13]
    data[12] = data[13] = 0xFF
    made, frame = EthernetFrame.TryCreateEthernetFrame(data, False)
    if not made:
        raise ValueError("a frame of %d bytes is too short for Renode" % len(data))
    packet = frame.UnderlyingPacket
    packet.Type = Enum.ToObject(packet.Type.GetType(), kind)
    return frame


def command(line):
    """Have the monitor execute a command: what it calls things changes less than Renode's own classes."""
    if not monitor.Parse(line):
        raise ValueError("Renode refuses: " + line)


def place(name):
    """A file in our folder, as the monitor wants it."""
    return "@" + System.IO.Path.Combine(folder, name).Replace(" ", "\\ ")


def adopt(ethernet, console):
    """Take the emulation that Renode has now."""
    global stage
    emulation = EmulationManager.Instance.CurrentEmulation
    if not list(emulation.Machines):
        raise ValueError("there is no machine in the emulation")
    command("emulation SetGlobalAdvanceImmediately true")
    monitor.Machine = next(iter(emulation.Machines))
    stage = Stage(ethernet, console)


def collect():
    """What has come out since the last call."""
    printed = "".join(["%02X" % byte for byte in stage.printed]) or "-"
    words = [str(stage.now), str(stage.cpu.ExecutedInstructions), printed] + stage.frames
    stage.frames = []
    stage.printed = []
    stage.noticed = 0
    return " ".join(words)


def answer(words):
    """Do what a request says; its result as a string."""
    verb = words[0]
    if verb == "run":
        # run UNTIL WAKE [AT:FRAME...], times in microseconds
        stage.due = [(int(at), frame) for at, frame in [word.split(":") for word in words[3:]]]
        stage.run(int(words[1]), words[2])
        return collect()
    if verb == "collect":
        return collect()
    if verb == "type":
        for byte in decode(words[1]):
            clr.Convert(stage.console, IUART).WriteChar(byte)
        return ""
    if verb == "read":
        return encode(stage.bus.ReadBytes(int(words[1]), int(words[2])))
    if verb == "registers":
        known = [name for name in words[1:] if hasattr(stage.cpu, name)]
        return " ".join(["%s=%d" % (name, int(getattr(stage.cpu, name).RawValue)) for name in known])
    if verb == "adopt":
        adopt(words[1], words[2])
        return collect()
    if verb == "save":
        # The frames under way are kept by whoever asks: they are not Renode's yet.
        stage.stop()
        stage.detach()
        try:
            command("Save " + place(words[1]))
        finally:
            stage.attach()
        return ""
    if verb == "load":
        if stage is not None:
            stage.stop()
            stage.detach()
        command("Load " + place(words[1]))
        adopt(words[2], words[3])
        return collect()
    if verb == "execute":
        command(" ".join(words[1:]))
        return ""
    raise ValueError("unknown request: " + verb)


def mc_serve_bench(requests, answers):
    """The monitor's command `serve_bench`: answer requests until there are no more, then end Renode."""
    global folder
    folder = System.IO.Path.GetDirectoryName(requests)
    reader = Lines(requests)
    writer = System.IO.StreamWriter(System.IO.FileStream(answers, FileMode.Open, FileAccess.Write))
    writer.AutoFlush = True
    writer.WriteLine("ok " + str(EmulationManager.Instance.VersionString))
    while True:
        line = reader.next()
        if line is None:
            break
        try:
            reply = "ok " + answer(line.split(" "))
        except System.Exception as problem:
            # What is thrown through reflection, as models are made, says only that it was thrown.
            reply = "error %s" % problem.GetBaseException().Message
        except Exception as problem:
            reply = "error %s: %s" % (type(problem).__name__, problem)
        writer.WriteLine(" ".join(reply.split()))
    # An orderly end would wait for the emulation, which stands still.
    System.Diagnostics.Process.GetCurrentProcess().Kill()
