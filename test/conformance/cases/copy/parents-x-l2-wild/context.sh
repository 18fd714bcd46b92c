ln -s ../x x/l2
