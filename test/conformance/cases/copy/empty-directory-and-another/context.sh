mkdir d e; echo 1 > e/f
