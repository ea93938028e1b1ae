"""One module or package a noun; its `app` holds the noun's commands. `up` and `version` stand by themselves."""
