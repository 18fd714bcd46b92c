ln -s /f l1
