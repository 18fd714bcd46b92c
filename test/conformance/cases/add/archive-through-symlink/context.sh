mkdir -p w/lib2 && echo x > w/lib2/x && tar --owner=0 --group=0 -cf a.tar -C w lib2 && rm -r w
