mkdir r && echo f > r/proc
