"""What runs inside Renode first: has its monitor print where its log goes.

IronPython 2.7, loaded by the monitor's `include`, which gives it the names `monitor` and `clr`. Renode is
started without a console, as one that is no terminal makes old versions on Mono read it without end: that
takes a whole core, and remembers what it has read. Without one, errors of commands would be told to nobody.
"""

import clr
import System

# By the assembly, not by its name: a portable Renode has no file of that name.
clr.AddReference(
    next(one for one in System.AppDomain.CurrentDomain.GetAssemblies() if one.GetName().Name == "AntShell")
)

from AntShell.Commands import ICommandInteraction


class Printer(ICommandInteraction):
    """Where the monitor writes."""

    CommandToExecute = None
    QuitEnvironment = False

    def GetRawInputStream(self):
        """Nothing is ever asked for."""

    def ReadLine(self):
        """Nothing is ever asked for."""
        return ""

    def Write(self, character, colour=None):
        """Print a character."""
        System.Console.Write(character)

    def WriteError(self, text):
        """Print what went wrong."""
        System.Console.WriteLine(text)


monitor.Interaction = Printer()
