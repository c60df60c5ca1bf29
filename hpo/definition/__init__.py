"""What a study is: its file, its settings, its rounds, and how its parts are called."""
