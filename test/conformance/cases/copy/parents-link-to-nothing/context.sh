mkdir d
ln -s nowhere d/l
