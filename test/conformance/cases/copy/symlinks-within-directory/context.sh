ln -s ../nothing d/up
ln -s /etc/passwd d/abs
