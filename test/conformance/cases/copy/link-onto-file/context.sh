mkdir s
ln -s y s/x
