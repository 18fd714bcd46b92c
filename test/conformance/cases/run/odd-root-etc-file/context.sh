mkdir r && echo f > r/etc
