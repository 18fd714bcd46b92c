mkdir r && echo f > r/dev
