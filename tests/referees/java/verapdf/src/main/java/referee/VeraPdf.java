package referee;

import java.io.BufferedReader;
import java.io.File;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.TreeSet;
import java.util.logging.LogManager;
import org.verapdf.gf.foundry.VeraGreenfieldFoundryProvider;
import org.verapdf.pdfa.Foundries;
import org.verapdf.pdfa.PDFAParser;
import org.verapdf.pdfa.PDFAValidator;
import org.verapdf.pdfa.flavours.PDFAFlavour;
import org.verapdf.pdfa.results.ValidationResult;
import org.verapdf.pdfa.validation.profiles.RuleId;

/**
 * Judges PDF files by the part and level of PDF/A that each claims, PDF/A-2u when it claims none.
 *
 * <p>In: one path a line. Out: one line for each, in order, fields parted by tabs: {@code judged},
 * true or false, flavour, failed rules parted by blanks; or {@code error} and what was thrown.
 */
public final class VeraPdf {
  private VeraPdf() {}

  public static void main(String[] args) throws Exception {
    LogManager.getLogManager().reset();
    VeraGreenfieldFoundryProvider.initialise();
    BufferedReader in =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String path = in.readLine(); path != null; path = in.readLine()) {
      System.out.println(line(new File(path)));
      System.out.flush();
    }
  }

  private static String line(File file) {
    try (PDFAParser parser =
        Foundries.defaultInstance()
            .createParser(file, PDFAFlavour.NO_FLAVOUR, PDFAFlavour.PDFA_2_U)) {
      PDFAFlavour flavour = parser.getFlavour();
      try (PDFAValidator validator = Foundries.defaultInstance().createValidator(flavour, false)) {
        ValidationResult result = validator.validate(parser);
        TreeSet<String> failed = new TreeSet<>();
        for (RuleId rule : result.getFailedChecks().keySet()) {
          failed.add(
              rule.getSpecification().name() + ":" + rule.getClause() + "-" + rule.getTestNumber());
        }
        return String.join(
            "\t",
            "judged",
            Boolean.toString(result.isCompliant()),
            flavour.getId(),
            String.join(" ", failed));
      }
    } catch (Exception | LinkageError | StackOverflowError e) {
      return "error\t" + String.valueOf(e).replaceAll("\\s+", " ");
    }
  }
}
