"""`python -m envs.foreign`: see `envs.foreign.survey`."""

from envs.foreign.survey import main

if __name__ == "__main__":
    main()
