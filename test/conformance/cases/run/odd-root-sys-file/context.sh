mkdir r && echo f > r/sys
