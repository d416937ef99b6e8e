"""`python -m fitness_bringup`, which `./fitness` runs: the command line, quiet when Ctrl-C comes while it loads."""

import signal

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    from fitness_bringup import cli

    signal.signal(signal.SIGINT, signal.default_int_handler)
    cli.main()
