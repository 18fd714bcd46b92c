mkdir -p w/l && echo x > w/l/x && tar --owner=0 --group=0 -cf a.tar -C w l/x && rm -r w
