"""`lamp`: the process around the command line."""

import sys


def main() -> None:
    # Ctrl-C while modules still load has to be as quiet as one later.
    try:
        from lamplighter_cli import app, context

        code = app.run(sys.argv[1:], context.of_process())
    except KeyboardInterrupt:
        code = 130
    sys.exit(code)


if __name__ == "__main__":
    main()
