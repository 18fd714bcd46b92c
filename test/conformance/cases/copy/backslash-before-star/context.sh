echo s > 'st*r'; echo st > stxr
