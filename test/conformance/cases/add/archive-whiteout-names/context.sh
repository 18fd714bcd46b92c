mkdir w && echo x > w/.wh.x && tar --owner=0 --group=0 -cf a.tar -C w .wh.x && rm -r w
