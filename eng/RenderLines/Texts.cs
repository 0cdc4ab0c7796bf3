namespace Octet.RenderLines;

/// <summary>What stands on the lines: words of several languages, numbers, prices, dates, addresses.</summary>
internal static class Texts
{
    /// <summary>All texts. None reads the same upside down.</summary>
    public static IReadOnlyList<string> All { get; } =
    [
        // English
        "Receipt", "Thank you!", "Open daily", "Fresh bread", "Mind the step", "Platform 4", "Keep dry", "Handle with care",
        "Return to sender", "Gate closes early", "Paid in cash", "Second floor", "Best before end", "Please ring twice",
        // French
        "Merci beaucoup", "Entrée libre", "Prix réduit", "Fermé le lundi", "Où est la gare ?", "Bibliothèque", "Tarte aux pommes",
        // German
        "Rechnung Nr. 2714", "Bitte klingeln", "Größe 42", "Fußgängerzone", "Öffnungszeiten", "Frische Brötchen", "Ausgang rechts",
        // Spanish and Portuguese
        "Mañana abierto", "Cuenta total", "Año nuevo", "Calle del Río 7", "Pão de queijo", "Saída de emergência", "Não fumar",
        // Italian
        "Vietato entrare", "Caffè macchiato", "Perché no?", "Scontrino fiscale",
        // Nordic
        "Rødgrød med fløde", "Välkommen hit", "Ingång här", "Brød og smør", "Hyvää päivää", "Pysäköinti",
        // Polish, Czech, Hungarian, Turkish, Dutch
        "Dziękuję bardzo", "Żółta łódź", "Příští zastávka", "Děkujeme", "Köszönöm szépen", "Jegyiroda", "Günaydın", "Çıkış yolu",
        "Gesloten op zondag", "Tweede klas", "Fietsenstalling",
        // Prices, sums, quantities
        "Total 24.75 €", "$ 3.49 each", "£12.40 net", "EUR 1.274,30", "2 x 3,75 = 7,50", "VAT 7 % 4,23", "Qty 25 pcs", "Subtotal 347.20",
        "1,5 kg Kartoffeln", "Rabatt -15 %", "Change 5.35", "750 ml",
        // Dates and times
        "14 March 2027", "2024-07-23", "le 4 juillet 1975", "Mon 27 Oct 07:45", "Fr. 23.04.2027", "3rd of June", "arr. 17:24",
        // Addresses, names, numbers
        "Main Street 274", "12 rue des Lilas", "Gartenweg 3a", "4057 Basel", "Flat 7, Block C", "Tel. 555 0147", "Order #A-42735",
        "Seat 23F row 4", "Dr. J. Palmer", "Ref. KT-3745-B", "Invoice 20274", "Room 314, Wing E", "via Garibaldi 27", "Box 735, Lyngby",
        "Serial 4J7-K2R5", "page 3 of 17",
    ];
}
