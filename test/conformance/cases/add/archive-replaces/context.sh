mkdir -p w/z && echo f > w/x && echo g > w/y && touch w/z/in && tar --owner=0 --group=0 -cf a.tar -C w x y z && rm -r w
