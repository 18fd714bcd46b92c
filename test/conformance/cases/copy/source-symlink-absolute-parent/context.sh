mkdir a
ln -s /real a/b
