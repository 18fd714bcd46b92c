echo f > f && setfattr -n user.x -v y f
