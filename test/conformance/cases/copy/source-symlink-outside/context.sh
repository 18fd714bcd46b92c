ln -s ../../../f l
