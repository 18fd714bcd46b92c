mkdir -p w && echo x > w/x && ln w/x w/y && tar --owner=0 --group=0 -cf a.tar -C w x y && rm w/x && echo other > w/x && tar --owner=0 --group=0 -rf a.tar -C w x && rm -r w
