mkdir -p w && echo f > w/l && tar --owner=0 --group=0 -cf a.tar -C w l && rm w/l && mkdir w/l && echo x > w/l/x && tar --owner=0 --group=0 -rf a.tar -C w l/x && rm -r w
