mkdir -p w/d && setfattr -n user.k -v v w/d && setfattr -n security.capability -v 0sAQAAAgAgAAAAAAAAAAAAAAAAAAA= w/d && tar --owner=3 --group=4 --xattrs --xattrs-include='*' --format=pax --pax-option=delete=atime,delete=ctime -cf a.tar -C w d && rm -r w
mkdir -p w/d && tar --owner=3 --group=4 -cf b.tar -C w d && rm -r w
