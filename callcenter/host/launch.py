"""Started in place of a kept program: ties its life to the keeper's, then becomes the program.

A program of its own because the two system calls must happen between fork and exec, where code of
a process with threads must not run. Run as a file with `-I -S`, so it may import only the standard
library. Usage: launch.py KEEPER_PID SIGNAL PROGRAM [ARGUMENT…]
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1
NOT_FOUND = 127  # What a shell says, too.


def main(arguments: list[str]) -> int:
    keeper, death_signal, *command = arguments
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)
    if os.getppid() != int(keeper):
        return 1  # The keeper died before the line above could notice.
    try:
        os.execvp(command[0], command)
    except OSError as error:
        sys.stderr.write(f"{command[0]}: {error.strerror}\n")
        return NOT_FOUND


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
