mkdir w && echo x > w/x && echo y > w/y && tar --owner=0 --group=0 -cf a.tar -C w x && tar --owner=0 --group=0 -cf b.tar -C w y && rm -r w
