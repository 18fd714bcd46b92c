mkdir -p w && echo x > w/x && ln w/x w/y && tar --owner=0 --group=0 -cf a.tar -C w x y && tar --delete -f a.tar x && rm -r w
