"""`python -m callcenter` is the command line."""

from callcenter.cli.main import main

if __name__ == "__main__":
    main()
