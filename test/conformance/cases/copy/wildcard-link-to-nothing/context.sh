ln -s f l
