mkdir w && echo x > w/x && tar --owner=0 --group=0 -cf a.tar -C w x && rm -r w
