mkdir -p w && echo x > w/x && chmod 6755 w/x && setfattr -n user.k -v v w/x && tar --owner=3 --group=4 --xattrs --format=pax --pax-option=delete=atime,delete=ctime -cf a.tar -C w x && rm -r w
