mkdir -p w/tmp w/etc && echo x > w/etc/x && tar --owner=3 --group=4 --mode=700 -cf a.tar -C w tmp etc && rm -r w
